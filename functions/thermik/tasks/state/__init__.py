"""Kestra's `core.state` family: small documents that a flow keeps between its executions."""
