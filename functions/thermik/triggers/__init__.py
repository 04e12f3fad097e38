"""Triggers: what starts executions by itself. Types are found by `registry.TriggerRegistry`."""
