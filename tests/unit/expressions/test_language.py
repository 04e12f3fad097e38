"""Grammar, undefined and null, operators, printing, scopes: the rules of the language itself."""

# ruff: noqa: E501 - tables of cases, a case is not broken

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from thermik.expressions import (
    ExpressionRuntimeError,
    ExpressionSyntaxError,
    UndefinedVariable,
    compile_template,
    is_template,
    render,
)

VALUES = {
    "l": [1, 2, 3], "m": {"a": 1, "b": None}, "s": "text", "n": 5, "f": 1.5, "z": None, "big": 3_000_000_000,
    "int_max": 2_147_483_647,
}  # fmt: skip


def text(source: str, **more: object) -> str:
    return compile_template(source).render({**VALUES, **more})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 1 + 2 ~ 3 }}", "123"),
        ("{{ 1 + l | length }}", "4"),
        ("{{ not 1 == 2 }}", "false"),
        ("{{ -3 | abs }}", "3"),
        ("{{ missing ?? 'x' | upper }}", "X"),
        ("{{ true ? false ? 1 : 2 : 3 }}", "2"),
        ("{{ 'abc'.length }}", "3"),
        ("{{ ([4, 5])[1] }}", "5"),
        ("{{ \"a #{ m['a'] } b\" }}", "a 1 b"),
        ('{{ "a #{ "x" } b" }}', "a x b"),
        ("{{ 'a \\' b' }}", "a ' b"),
        ("{{ 'a \\\" b' }}", 'a \\" b'),
        ("{{-5}}", "-5"),
        ("{{ {'a': {'b': 1}}}}", '{"a":{"b":1}}'),
        ("{{% raw %}{{ x }}{% endraw %}", "{{{ x }}"),
        ("a{% verbatim %} {{ x }} {% endverbatim %} b", "a{{ x }}  b"),
        ("{#- gone -#} x", "x"),
    ],
)
def test_grammar(source: str, expected: object) -> None:
    assert text(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1e3 }}", "{{ .5 }}", "{{ [1,] }}", "{{ {'a': 1}.a }}", "{{ a.0 }}", "{{ }}", "{{ 1 2 }}", "{{ f(a=1, 2) }}",
        "{% if true %}", "{% endif %}", "{% elif x %}", "{% include 'x' %}", "{% set x %}", "{# open", "{{ 'open }}",
        '{{ "open }}', "{{ ( }}", "{{ ] }}", "{{ not }}", "{{ 9223372036854775808 }}", "{% for x of l %}{% endfor %}",
        "{% macro a() %}{% endmacro %}{% macro a() %}{% endmacro %}", "{{ x ? 1 }}", "{{ x | }}", "{{ x is }}", "{{ ? }}",
    ],
)  # fmt: skip
def test_syntax_errors(source: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_template(source)
    assert caught.value.line == 1
    assert source[:20] in str(caught.value)


def test_a_syntax_error_tells_line_and_column() -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_template("first\nsecond {{ 1 + }}")
    assert (caught.value.line, caught.value.column) == (2, 15)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ missing }}", "missing"), ("{{ m.c }}", "c"), ("{{ m.c.d }}", "c"), ("{{ m.b.c }}", "c"), ("{{ z.x }}", "z"),
        ("{{ l[9] }}", "9"), ("{{ l[-1] }}", "-1"), ("{{ s.nothing }}", "nothing"), ("{{ missing is empty }}", "missing"),
    ],
)  # fmt: skip
def test_undefined_names_what_is_missing(source: str, name: str) -> None:
    with pytest.raises(UndefinedVariable) as caught:
        text(source)
    assert caught.value.name == name
    assert str(caught.value).startswith(f"Unable to find `{name}` used in the expression `{source}` at line 1, column ")
    assert source[caught.value.column - 1] in f".[{name[0]}"


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("a\n {{ 1 / 0 }}", 2, 7), ("{{ [1] | join }} {{ 'x' | date }}", 1, 25), ("{{ max('a', 1) }}", 1, 4),
        ("{% for x in 5 %}{% endfor %}", 1, 13), ("{% if l %}{% endif %}", 1, 7), ("{{ l ? 1 : 2 }}", 1, 4),
        ("{{ 'a' is even }}", 1, 8), ("{% filter abs %}a{% endfilter %}", 1, 1), ('\n\n{{ "a #{ 1/0 }" }}', 3, 11),
        ("{% macro m(a) %}{{ 1/0 }}{% endmacro %}{{ m(1) }}", 1, 21), ("{{ render('{{ 1/0 }}') }}", 1, 4),
        ("{{ 5 contains 1 }}", 1, 6), ("{{ s | nosuchfilter }}", 1, 6), ("{{ s.length(1) }}", 1, 5),
    ],
)  # fmt: skip
def test_an_error_tells_the_expression_line_and_column(source: str, line: int, column: int) -> None:
    with pytest.raises(ExpressionRuntimeError) as caught:
        text(source)
    assert str(caught.value).endswith(f"in the expression `{source}` at line {line}, column {column}")


def test_undefined_suggests_the_nearest_name() -> None:
    with pytest.raises(UndefinedVariable) as caught:
        compile_template("{{ inputs.nmae }}").render({"inputs": {"name": 1}})
    assert caught.value.nearest == "name"
    assert "did you mean `name`?" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ m.b ?? 'd' }}", "d"), ("{{ m.b ??? 'd' }}", ""), ("{{ a.b.c ??? 'd' }}", "d"), ("{{ '' ?? 'd' }}", ""),
        ("{{ (missing | upper) ?? 'd' }}", "d"), ("{{ (missing ~ 1) ?? 'd' }}", "d"), ("{{ 0 ?? 'd' }}", "0"),
        ("{{ missing | upper | default('d') }}", "d"), ("{{ ' ' | default('d') }}", "d"), ("{{ 0 | default('d') }}", "0"),
        ("{{ z is defined }}", "false"), ("{{ m.x.y is defined }}", "false"), ("{{ z }}", ""), ("{{ 'a' ~ z ~ 'b' }}", "ab"),
        ("{{ z < 1 }}", "false"), ("{{ z ? 1 : 2 }}", "2"), ("{% for x in z %}a{% else %}b{% endfor %}", ""),
    ],
)  # fmt: skip
def test_undefined_and_null(source: str, expected: object) -> None:
    assert text(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ (missing + 1) ?? 'd' }}",
        "{{ (missing == 1) ?? 'd' }}",
        "{{ render('{{ missing }}') ?? 'd' }}",
        "{{ (1 / 0) ?? 1 }}",
    ],
)
def test_what_coalescing_does_not_catch(source: str) -> None:
    with pytest.raises(ExpressionRuntimeError):
        text(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ -7 / 2 }}", "-3"), ("{{ -7 % 3 }}", "-1"), ("{{ 1.0 / 0 }}", "Infinity"), ("{{ 0.0 / 0 }}", "NaN"),
        ("{{ 9223372036854775807 + 1 }}", "-9223372036854775808"), ("{{ int_max + int_max }}", "-2"),
        ("{{ int_max + 1 }}", "2147483648"), ("{{ 1 == 1.0 }}", "true"), ("{{ '1' == 1 }}", "false"),
        ("{{ [1] == [1] }}", "true"), ("{{ l contains 1 }}", "false"), ("{{ [1, 2] contains [2] }}", "true"),
        ("{{ [1,2,3] - [1,2] }}", "[3]"), ("{{ l + 4 }}", "[1,2,3,4]"), ("{{ [1] + 'a' }}", "[1]a"), ("{{ 1 + z ?? 2 }}", "3"),
        ("{{ 1..3 }}", "[1,2,3]"), ("{{ 'a'..'c' }}", '["a","b","c"]'), ("{{ 3..1 }}", "[]"), ("{{ 'a' + 1.5 }}", "a1.5"),
    ],
)  # fmt: skip
def test_operators(source: str, expected: object) -> None:
    assert text(source) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "1.0"), (100.5, "100.5"), (123456789.0, "1.23456789E8"), (1e7, "1.0E7"), (9999999.0, "9999999.0"),
        (0.001, "0.001"), (0.0001, "1.0E-4"), (-0.0, "-0.0"), (True, "true"), ({"a": None, "é": [None, 1e7]}, '{"é":[null,1.0E7]}'),
        ("\x1f", "\x1f"), (['\x1f"\\'], '["\\u001F\\"\\\\"]'), (10**30, str(10**30)),
    ],
)  # fmt: skip
def test_printing(value: object, expected: object) -> None:
    assert compile_template("{{ v }}").render({"v": value}) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% set y = 0 %}{% for x in l %}{% set y = y + x %}{% endfor %}{{ y }}", "6"),
        ("{% if true %}{% set y = 1 %}{% endif %}{{ y }}", "1"),
        ("{% for s in l %}{{ s }}{% endfor %}{{ s }}", "123text"),
        ("{% for x in l %}{{ loop.index }}{{ loop.revindex }}{{ loop.last }} {% endfor %}", "02false 11false 20true "),
        ("{% for e in m %}{{ e.key }}={{ e.value }};{{ e }} {% endfor %}", "a=1;a=1 b=;b=null "),
        ("{{ hi('x') }}{% macro hi(a, b='2') %}{{ a }}{{ b }}{% endmacro %}", "x2"),
        ("{% macro l2(v) %}{{ v }}{% endmacro %}{{ l2(l) }}", "[1, 2, 3]"),
        ("{% filter lower | title %}HELLO{% endfilter %}", "Hello"),
        ("{% block b %}{{ n }}{% endblock %}{{ block('b') }}{{ block('c') }}", "55"),
        ("{% set a = 1 %}{{ render('{{ a }}') }}", "1"),
    ],
)
def test_tags(source: str, expected: object) -> None:
    assert text(source) == expected


@pytest.mark.parametrize(
    "source", ["{% for x in l %}{% set y = x %}{% endfor %}{{ y }}", "{% macro a() %}{{ n }}{% endmacro %}{{ a() }}"]
)
def test_scopes_end(source: str) -> None:
    with pytest.raises(UndefinedVariable):
        text(source)


@pytest.mark.parametrize(
    "source", ["{% if z %}{% endif %}", "{% if l %}{% endif %}", "{{ not m }}", "{{ true and z }}"]
)
def test_what_is_no_condition(source: str) -> None:
    with pytest.raises(ExpressionRuntimeError):
        text(source)


def test_sorting_changes_the_list_within_the_rendering_only() -> None:
    variables = {"l": [3, 1, 2]}
    assert compile_template("{{ l | sort }}{{ l }}").render(variables) == "[1,2,3][1,2,3]"
    assert variables == {"l": [3, 1, 2]}
    assert compile_template("{{ l | sort }}").evaluate(variables) == [1, 2, 3]
    assert variables == {"l": [3, 1, 2]}


class TestTyped:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [("{{ l }}", [1, 2, 3]), ("{{ 1 == 1 }}", True), ("{{ z }}", None), ("{{ 2 }}", 2), ("a {{ 1 }}"[2:] , 1), ("plain", "plain"),
         ("{{ s }} more", "text more"), ("{% if true %}{{ l }}{% endif %}", [1, 2, 3]), ("{{ 'a,b' | split(',') }}", ["a", "b"])],
    )  # fmt: skip
    def test_one_print_gives_its_value(self, source: str, expected: object) -> None:
        value = compile_template(source).evaluate(VALUES)
        assert value == expected
        assert type(value) is type(expected)

    @pytest.mark.parametrize("source", [" {{ 1 }}", "{{ 1 }}{{ 2 }}", "{{ l }} ", "a{{ s }}"])
    def test_anything_else_fails(self, source: str) -> None:
        with pytest.raises(ExpressionRuntimeError, match="Tried to add"):
            compile_template(source).evaluate(VALUES)


HALVES = {"high": "\ud83d", "low": "\ude00"}


def test_half_a_pair_of_surrogates_is_never_printed() -> None:
    assert text("{{ high }}{{ low }}|{{ high }}|{{ low ~ high }}é", **HALVES) == "\N{GRINNING FACE}|?|??é"
    assert compile_template("{{ [high, {low: low}, high ~ low] }}").evaluate(HALVES) == [
        "?",
        {"?": "?"},
        "\N{GRINNING FACE}",
    ]


def test_render_walks_lists_and_maps_and_keys() -> None:
    value = {"{{ s }}": ["{{ n }}", 7, None, {"k": "a {{ f }}"}], "plain": "no braces"}
    assert render(value, VALUES) == {"text": ["5", 7, None, {"k": "a 1.5"}], "plain": "no braces"}


def test_a_text_without_a_brace_is_no_template() -> None:
    assert not is_template("a % b }}")
    assert is_template("{")


class Loads(Mapping):
    """A map that remembers what was asked of it."""

    def __init__(self, data: dict) -> None:
        self.data, self.asked = data, []

    def __getitem__(self, key: object) -> object:
        self.asked.append(key)
        return self.data[key]

    def __iter__(self) -> Iterator:
        raise AssertionError("iterated")

    def __len__(self) -> int:
        raise AssertionError("counted")


class Items(Sequence):
    def __init__(self, *items: object) -> None:
        self.items = items

    def __getitem__(self, index: int) -> object:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


def test_only_what_is_named_is_read() -> None:
    variables = Loads({"outputs": Loads({"a": {"value": Items(1, 2)}}), "other": 1})
    source = "{{ outputs.a.value[1] }}{{ outputs.b.x ?? '-' }}{{ outputs.a.value | length }}{{ outputs.a.value }}"
    assert compile_template(source).render(variables) == "2-2[1,2]"
    assert set(variables.asked) == {"outputs"}
    assert set(variables.data["outputs"].asked) == {"a", "b"}


@pytest.mark.parametrize(
    ("source", "paths", "everything"),
    [
        ("{{ outputs.a.value }}", {("outputs", "a", "value")}, False),
        ("{{ outputs[x]['b'].c }}", {("outputs", None, "b", "c"), ("x",)}, False),
        ("{% for i in inputs.l %}{{ i.x }}{{ loop.index }}{{ vars.y }}{% endfor %}", {("inputs", "l"), ("vars", "y")}, False),
        ("{{ l.size() }}", {("l",)}, False),
        ("{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m(x.y) }}", {("x", "y")}, False),
        ("{{ render(vars.x) }}", {("vars", "x")}, True),
        ("{{ printContext() }}", set(), True),
        ("{{ currentEachOutput(outputs.a) }}", {("outputs", "a"), ("parents",), ("taskrun", "value")}, False),
        ("{% filter replace({'a': z.q}) %}{{ \"#{w.v}\" }}{% endfilter %}", {("z", "q"), ("w", "v")}, False),
        ("text", set(), False),
    ],
)  # fmt: skip
def test_references(source: str, paths: set, everything: bool) -> None:
    template = compile_template(source)
    assert set(template.references) == paths
    assert template.reads_everything is everything


def test_templates_are_cached() -> None:
    assert compile_template("{{ cached }}") is compile_template("{{ cached }}")
