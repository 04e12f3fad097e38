"""Kestra's `core.http` family, on Python's own HTTP client, whose connection can be cut when the task is killed.

`options` are the properties; `bodies` builds what is sent; `exchange` sends it and follows redirects; `request` and
`download` are the types. Whom a flow may call is the operator's to decide, by the network around the worker.
"""
