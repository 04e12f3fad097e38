"""Types of Kestra's `core.flow` family that do work."""
