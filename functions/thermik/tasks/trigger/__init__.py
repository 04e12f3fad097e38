"""Kestra's `core.trigger` family: what a flow does to triggers."""
