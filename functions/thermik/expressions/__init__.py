"""Kestra's expression language: `{{ inputs.name | upper }}`.

>>> render("Hello {{ inputs.name | upper }}", {"inputs": {"name": "you"}})
'Hello YOU'

A text is cut into tokens, parsed into a syntax tree and compiled to closures (`compile_template`). An expression
reaches keys of maps, indexes of lists and a short list of methods, never an attribute of a Python object; every
rendering is bounded (`limits`). What functions need from outside comes through `Services`.
"""

from __future__ import annotations

from thermik.expressions.checks import Problem, check_template
from thermik.expressions.errors import (
    ExpressionError,
    ExpressionRuntimeError,
    ExpressionSyntaxError,
    LimitExceeded,
    UndefinedVariable,
)
from thermik.expressions.rendering import render
from thermik.expressions.services import Services
from thermik.expressions.template import Template, compile_template, is_template

__all__ = [
    "ExpressionError",
    "ExpressionRuntimeError",
    "ExpressionSyntaxError",
    "LimitExceeded",
    "Problem",
    "Services",
    "Template",
    "UndefinedVariable",
    "check_template",
    "compile_template",
    "is_template",
    "render",
]
