"""Task types that do work: a pydantic model and a `run` method each, found by name in `registry`."""
