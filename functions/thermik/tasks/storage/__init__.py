"""Kestra's `core.storage` family: files of the internal storage, read and written as streams."""
