"""Flows: from their source to a model, revisions, plugin defaults, inputs and outputs.

The way in is `validation.parse_flow`; what is stored is in `repository.Flows`. Nothing is imported here: a caller
takes the module that it needs.
"""
