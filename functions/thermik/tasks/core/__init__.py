"""Kestra's core types that need nothing but rendering and a log."""
