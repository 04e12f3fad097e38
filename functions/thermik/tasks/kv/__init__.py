"""Kestra's `core.kv` family: the KV pairs of namespaces."""
