"""Kestra's `core.execution` family: tasks that look at executions or change them."""
