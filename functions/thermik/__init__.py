"""Thermik runs Kestra flows on AWS without servers, and the same flows on a laptop."""

__version__ = "0.1.0"
