"""Kestra's `core.metric` family: figures that a flow reports, and forgetting them."""
