"""Texts meant to hurt: nothing of Python is reachable, and everything ends, small and soon."""

# ruff: noqa: E501 - tables of cases, a case is not broken

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermik.expressions import ExpressionError, ExpressionSyntaxError, LimitExceeded, compile_template, limits
from thermik.expressions.statements import parse
from unit.expressions.tree_text import written

VALUES = {"l": [1, 2], "m": {"a": 1}, "s": "text", "r": "{{ r }}", "n": 5, "f": 1.5, "z": None}
DOUBLED = "{% set l = [1] %}{% for i in 1..60 %}{% set l = [l, l] %}{% endfor %}"


@pytest.mark.parametrize(
    "source",
    [
        "s.__class__", "s['__class__']", "l.__class__.__mro__", "s.format", "s.format('{0.__class__}')", "m.items", "m.items()",
        "l.append(1)", "m.pop('a')", "m.clear()", "l.sort()", "uuid.__globals__", "self", "_context", "(1).real", "1.real", "s.class",
        "s.getClass()", "m.__init__", "s.encode()", "(f).hex()", "m.get.__globals__", "('a' | split('')).count",
    ],
)  # fmt: skip
def test_no_attribute_of_a_python_object_is_reachable(source: str) -> None:
    with pytest.raises(ExpressionError):
        compile_template("{{ " + source + " }}").render(VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1..10000000000 }}", "{{ range(0, 10000000000) }}", "{% for i in 1..9999 %}{% for j in 1..9999 %}x{% endfor %}{% endfor %}",
        "{% set s = 'x' %}{% for i in 1..100 %}{% set s = s ~ s %}{% endfor %}", "{% set s='x' %}{% for i in 1..99 %}{% set s = s + s %}{% endfor %}",
        "{% set l=[1] %}{% for i in 1..100 %}{% set l = l + l %}{% endfor %}", "{% set l=[1] %}{% for i in 1..99 %}{% set l = l | merge(l) %}{% endfor %}",
        "{{ 'a' | indent(1000000000) }}", "{{ 'x' | replace({'a{1000000000}': 'y'}, regexp=true) }}", "{{ 'x' | split('((a{1,99}){1,99}){1,99}') }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "{% block a %}{{ block('a') }}{% endblock %}",
        "{% set t = '{{ render(t) }}' %}{{ render(t) }}", "{{ fromJson('" + "[" * 5000 + "]" * 5000 + "') }}",
        DOUBLED + "{{ l }}", DOUBLED + "{{ l == l }}", DOUBLED + "{{ 'a' ~ l }}", DOUBLED + "{{ l | toIon }}", DOUBLED + "{{ l | yaml }}",
        DOUBLED + "{{ l | replace({'1': '2'}) }}", DOUBLED + "{{ render(l) }}", DOUBLED + "{{ [l] contains [l] }}",
    ],
)  # fmt: skip
def test_bounds(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_VALUES", 10_000)
    monkeypatch.setattr(limits, "MAX_STEPS", 20_000)
    with pytest.raises(LimitExceeded):
        compile_template(source).render(VALUES)


def test_endless_renderings_are_stopped() -> None:
    with pytest.raises(ExpressionError, match="Too many rendering attempts"):
        compile_template("{{ render(a) }}").render({"a": "{{ b }}", "b": "{{ a }}"})


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "[" * 5000 + " }}", "{{ " + "-" * 5000 + "1 }}", "{{ " + "not " * 5000 + "1 }}",
        "{{ " + "1+" * 9999 + "1 }}", "{{ a" + ".b" * 9999 + " }}", "{{ 1" + "|abs" * 9999 + " }}", "{{ 1" + " is null" * 5000 + " }}",
        "{{ " + "1 ? 1 : " * 5000 + "2 }}", "{{ " + '"#{' * 3000 + "1" + '}"' * 3000 + " }}", "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
        "{% filter " + "upper|" * 9999 + "upper %}{% endfilter %}", "{{ " + "{1:" * 5000 + " }}", "{{ " + "f(" * 5000 + " }}",
    ],
)  # fmt: skip
def test_deep_templates_are_refused(source: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        compile_template(source)


def test_deep_and_circular_data_are_refused() -> None:
    deep: list = []
    inner = deep
    for _ in range(50_000):
        inner.append([])
        inner = inner[0]
    circle: list = [1]
    circle.append(circle)
    for source in (
        "{{ v }}",
        "{{ v | yaml }}",
        "{{ v == w }}",
        "{{ v ~ '' }}",
        "{{ v | toIon }}",
        "{{ render(v) }}",
        "{{ v | jq('.') }}",
    ):
        for value in (deep, circle):
            with pytest.raises(LimitExceeded):
                compile_template(source).render({"v": value, "w": [*value]})
    while deep:  # Python's own clean-up of so deep a list would recurse
        deep = deep[0]


@pytest.mark.parametrize("program", ["def f: f; f", "[range(1e9)]", "[.,.,.,.] | [combinations(9)]"])
def test_jq_programs_that_do_not_end_are_stopped(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from thermik.expressions.formats import jq

    monkeypatch.setattr(jq, "MAX_JQ_SECONDS", 0.3)
    with pytest.raises(LimitExceeded):
        compile_template("{{ 1 | jq('" + program + "') }}").render({})


@pytest.mark.parametrize("matches", ['test("^(a+)+$")', '[splits("^(a+)+$")]', 'split("^(a+)+$"; null)'])
def test_jq_regular_expressions_over_many_texts_are_stopped(matches: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from thermik.expressions.formats import jq

    monkeypatch.setattr(jq, "MAX_JQ_SECONDS", 0.5)
    with pytest.raises(LimitExceeded, match=r"more than 0\.5 seconds"):
        compile_template("{{ v | jq('[.[] | try " + matches + " catch 0]') }}").render({"v": ["a" * 28 + "!"] * 20})


PROFILE = settings.default.max_examples
"""Of the hypothesis profile; a template is tried so quickly that each test takes a multiple of it."""

FRAGMENTS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " ", "-", "if", "for", "in", "set", "else", "endif", "endfor", "macro", "raw", "endraw", "x", "l",
     "m", "s", ".", "..", "??", "???", "(", ")", "[", "]", "{", "}", "'", '"', "#{", "\\", "1", "2.5", "|", "upper", "join", "date", "~", "+",
     "*", "/", "%", "==", "<", "and", "or", "not", "is", "empty", "contains", ",", ":", "=", "?", "null", "true", "range", "\n", "é", "\x00",
     "jq", "yaml", "split", "replace", "number", "numberFormat", "dateAdd", "render", "now", "loop", "verbatim", "endverbatim", "block"]
)  # fmt: skip


@settings(max_examples=16 * PROFILE)
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(FRAGMENTS, max_size=30).map(" ".join),
        st.lists(FRAGMENTS, max_size=30).map("".join),
    )
)
def test_any_text_renders_or_fails_cleanly(source: str) -> None:
    for candidate in (source, "{{ " + source + " }}"):
        try:
            rendered = compile_template(candidate).render(VALUES)
        except ExpressionError as error:
            rendered = str(error)
        assert not re.search(r"<(?:class|function|bound method|.* object at 0x)", rendered)


NAMES = st.sampled_from(["x", "l", "m", "s", "é", "_a1"])
LEAVES = st.one_of(
    NAMES,
    st.integers(0, 2**63 - 1).map(str),
    st.floats(0, 1e9, allow_nan=False).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["true", "null", "'a'", '"b"', "'it\\'s'", "[]", "{}"]),
)


def _larger(inner: st.SearchStrategy) -> st.SearchStrategy:
    pair = st.tuples(inner, inner)
    operators = st.sampled_from(
        ["+", "-", "*", "/", "%", "~", "..", "??", "???", "==", "!=", "<", ">=", "and", "or", "contains", "equals"]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]}) {t[1]} {t[2]}"),
        st.tuples(inner, operators, inner).map(" ".join),
        st.tuples(st.sampled_from(["not ", "-", "+"]), inner).map("".join),
        pair.map(lambda t: f"({t[0]})[{t[1]}]"),
        inner.map(lambda e: f"({e}).key"),
        inner.map(lambda e: f"{e} | upper"),
        pair.map(lambda t: f"({t[0]} | replace({t[1]}, regexp=true))"),
        inner.map(lambda e: f"{e} is not empty"),
        pair.map(lambda t: f"max({t[0]}, {t[1]})"),
        pair.map(lambda t: f"[{t[0]}, {t[1]}]"),
        pair.map(lambda t: f"{{{t[0]}: {t[1]}}}"),
        inner.map(lambda e: f'"a #{{ {e} }} b"'),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=12)


@settings(max_examples=12 * PROFILE)
@given(EXPRESSIONS)
def test_a_tree_written_and_parsed_again_is_the_same(source: str) -> None:
    try:
        tree = parse("{{ " + source + " }}")
    except ExpressionSyntaxError:
        return
    assert parse(written(tree)) == tree


@settings(max_examples=12 * PROFILE)
@given(EXPRESSIONS)
def test_any_expression_has_a_value_or_fails_cleanly(source: str) -> None:
    try:
        compile_template("{{ " + source + " }}").evaluate(VALUES)
    except ExpressionError as error:
        place = error.line
    else:
        place = 1
    assert place == 1


GROWN = "{% set s = 'xy' %}{% for i in 1..22 %}{% set s = s ~ s %}{% endfor %}"


@pytest.mark.parametrize(
    "kept",
    [
        "{% set r = [] %}{% for i in 1..999 %}{% set r = r + [(s ~ i)] %}{% endfor %}",
        "{% set r = [] %}{% for i in 1..999 %}{% set r = r + [(s | upper)] %}{% endfor %}",
        '{% set r = [] %}{% for i in 1..999 %}{% set r = r + ["#{s}#{i}"] %}{% endfor %}',
        "{% set r = [] %}{% for i in 1..999 %}{% set r = r + [(s + i)] %}{% endfor %}",
        "{% set r = [] %}{% for i in 1..999 %}{% set r = r + [s.toUpperCase()] %}{% endfor %}",
        "{% set t = '\"' ~ s ~ '\"' %}{% for i in 1..99 %}{% set t2 = fromJson(t) %}{% endfor %}",
        "{% set s = 'é' %}{% for i in 1..99 %}{% set s = s | base64encode %}{% endfor %}",
        "{% set s = s ~ s | upper %}",
        "{{ yaml('- ' ~ s) }}",
        "{{ fromIon('[' ~ (s | replace({'xy': '1,'})) ~ '1]') }}",
        "{{ fromJson('[' ~ (s | replace({'xy': '1,'})) ~ '1]') | length }}",
    ],
)
def test_what_variables_keep_is_bounded(kept: str) -> None:
    with pytest.raises(LimitExceeded):
        compile_template(GROWN + kept).render({})


def test_commas_within_texts_are_no_values_of_json() -> None:
    many = '["' + "," * (limits.MAX_VALUES + 5) + '\\\\", 1]'
    assert compile_template("{{ fromJson(many) | last }}").render({"many": many}) == "1"


def test_a_list_may_be_built_item_by_item() -> None:
    built = "{% set r = [] %}{% for i in 1..5000 %}{% set r = r + i %}{% endfor %}{{ r | length }}"
    assert compile_template(built).render({}) == "5000"
