"""Executions, task runs and attempts: what they are, which states they pass, and the operations on them."""
