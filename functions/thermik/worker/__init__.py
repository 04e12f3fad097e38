"""The worker: one invocation carries out one operation on one task run, and can be repeated."""
