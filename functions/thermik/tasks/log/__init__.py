"""Kestra's `core.log` family, as far as it is about the logs of others."""
