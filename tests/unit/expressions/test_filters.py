"""Each filter's and function's rules, the results being those of the real engine."""

# ruff: noqa: E501 - tables of cases, a case is not broken

from __future__ import annotations

import base64
from datetime import UTC, datetime
from random import Random
from typing import ClassVar

import pytest

from thermik.aes_gcm import AesGcm
from thermik.expressions import (
    ExpressionError,
    ExpressionRuntimeError,
    LimitExceeded,
    check_template,
    compile_template,
    registry,
)
from thermik.expressions.java.regex import translate
from thermik.expressions.refused import REFUSED

VALUES = {
    "l": [1, 2, 3], "m": {"a": 1, "b": None}, "s": "text", "n": 5, "f": 1.5, "z": None, "ll": [[1], [2, 3]], "big": 3_000_000_000,
    "flow": {"namespace": "my.space", "id": "f"}, "key": "I6EGNzRESu3X3pKZidrqCGOHQFUFC0yK", "t": "2024-02-29T13:05:09.123456789Z",
    "tasks": {"a": {"state": "FAILED"}, "b": {"state": "SUCCESS"}, "loop": {"v1": {"state": "SUCCESS"}, "v2": {"state": "FAILED"}}},
    "many": ["true", "12", "", "a: b", "a #b", "it's", "- a", "x\ny", " lead", "007", "a,b", "http://a.b"],
}  # fmt: skip


class Worker:
    default_zone = UTC
    random = Random(7)
    recursive_rendering = False

    def now(self) -> datetime:
        return datetime(2024, 2, 29, 13, 5, 9, 123456, tzinfo=UTC)

    def read(self, path: str) -> str:
        return f"content of {path}"

    def file_size(self, path: str) -> int:
        return len(path)

    def file_exists(self, path: str) -> bool:
        return path == "kept"

    def kv(self, key: object, namespace: str | None, error_on_missing: bool) -> list:
        return [key, namespace, error_on_missing]

    def secret(self, key: object) -> str:
        return f"secret {key}"

    def error_logs(self) -> list:
        return [{"message": "m"}]


def text(source: str, services: object = None) -> str:
    return compile_template(source).render(VALUES, services or Worker())


def cases(table: str) -> list:
    return [tuple(part.strip() for part in line.split(" => ")) for line in table.strip().splitlines()]


TEXTS = r"""
'abcdefgh' | abbreviate(5) => ab...
'text' | abbreviate(4) => t...
'abc' | abbreviate(3) => abc
'hello wORLD' | capitalize => Hello wORLD
'hello  wORLD-x' | title => Hello  WORLD-x
5 | upper => 5
l | lower => [1, 2, 3]
'a.c' | replace({'.': 'x'}) => axc
'aa1b2' | replace({'([a-z]+)(\d)': '$2$1'}, regexp=true) => 1aa2b
'abc' | replace({'(?<x>a)': '${x}${x}'}, regexp=true) => aabc
ll | replace({'1': '9'}) => [["9"],["2","3"]]
'a,b,,' | split(',') => ["a","b"]
'a,b,,' | split(',', -1) => ["a","b","",""]
'a,b,c' | split(',', 2) => ["a","b,c"]
'a.b' | split('.') => []
'abc' | split('') => ["a","b","c"]
'ÀÉ ß_x  y' | slugify => ae-x-y
'a.b.c' | substringBeforeLast('.') => a.b
'a.b.c' | substringAfter('.') => b.c
'a.b.c' | substringAfter('x') =>
'a.b.c' | substringBefore('x') => a.b.c
"a'b" | escapeChar('shell') => a'\''b
'a*b~c d' | urlencode => a*b%7Ec+d
'a+b%20c' | urldecode => a b c
'é€' | base64encode => w6nigqw=
'w6nigqw' | base64decode => é€
'hello' | md5 => 5d41402abc4b2a76b9719d911017c592
123 | startsWith('12') => true
"""
LISTS = """
l | first => 1
[] | last =>
l | join('-') => 1-2-3
['a', null] | join => anull
m | length => 2
5 | length => 0
l | merge(m) => [1,2,3,{"a":1},{}]
m | merge({'c': 2}) => {"a":1,"c":2}
['b', 'C', 'a'] | sort => ["C","a","b"]
l | rsort => [3,2,1]
'abc' | slice(1) => bc
l | slice(toIndex=2) => [1,2]
l | chunk(2) => [[1,2],[3]]
ll | flatten => [1,2,3]
l | keys => [0,1,2]
m | values => [1,null]
n | className => java.lang.Integer
1 | className => java.lang.Long
'a,b' | split(',') | className => [Ljava.lang.String;
"""
NUMBERS = """
1234567.891 | numberFormat('#,##0.00') => 1,234,567.89
0.125 | numberFormat('0.00') => 0.12
2.5 | numberFormat('0') => 2
-5 | numberFormat('#;(#)') => (5)
0.256 | numberFormat('0.0%') => 25.6%
1234.5 | numberFormat("'x'0.0 'y'") => x1234.5 y
1234.5 | numberFormat('0.00E0') => 1.23E3
12345.678 | numberFormat => 12,345.678
'12' | number | className => java.lang.Integer
'12.5' | number | className => java.lang.Float
'123456.789' | number | className => java.lang.Double
'30000000000000000000' | number | className => java.math.BigInteger
'0x1F' | number => 31
'1e3' | number => 1000.0
('1.1' | number('FLOAT')) * 1.0 => 1.100000023841858
('1.10' | number('BIGDECIMAL')) / 3 => 0.3666666666666666666666666666666667
max(1, 2.5) => 2.5
min(1.0, 1) => 1.0
range(5, 1, -2) => [5,3,1]
2 is even and not (n is even) => true
"""
DATES = """
t | date => 2024-02-29T13:05:09.123456Z
t | date('iso', timeZone='Europe/Paris') => 2024-02-29T14:05:09.123456+01:00
t | date('iso_date_time') => 2024-02-29T13:05:09.123456789Z[UTC]
t | date('iso_week_date') => 2024-W09-4Z
t | date('iso_ordinal_date') => 2024-060Z
t | date('rfc_1123_date_time', timeZone='Europe/Paris') => Thu, 29 Feb 2024 14:05:09 +0100
t | date('yy MMM MMMM E EEEE D Q QQQ') => 24 Feb February Thu Thursday 60 1 Q1
t | date('a h hh H k K m s SSS n', timeZone='Asia/Tokyo') => PM 10 10 22 22 10 5 9 123 123456789
t | date('z zzzz VV X XX XXX x Z ZZZZ', timeZone='Europe/Paris') => CET Central European Standard Time Europe/Paris +01 +0100 +01:00 +01 +0100 GMT+01:00
t | date('w YYYY e') => 9 2024 5
t | date("yyyy 'o''clock'") => 2024 o'clock
t | date('EEEE d MMMM yyyy', locale='fr') => jeudi 29 février 2024
'2024-03-31T02:30:00' | date(timeZone='Europe/Paris') => 2024-03-31T03:30:00.000000+02:00
'31/02/2024' | date('yyyy-MM-dd', existingFormat='dd/MM/yyyy') => 2024-02-29
'20240203040506' | date('iso_sec', existingFormat='yyyyMMddHHmmss') => 2024-02-03T04:05:06Z
'3/2/24 1:05 PM' | date('iso_sec', existingFormat='d/M/yy h:mm a') => 2024-02-03T13:05:00Z
'2024-02-03' | date('iso_sec', existingFormat='yyyy-MM-dd[ HH:mm]') => 2024-02-03T00:00:00Z
0 | date('iso_sec') => 1970-01-01T00:00:00Z
big | date('yyyy') => 2065
'2024-01-31' | dateAdd(1, 'MONTHS', 'yyyy-MM-dd') => 2024-02-29
'2024-03-30T12:30:00' | dateAdd(24, 'HOURS', timeZone='Europe/Paris') => 2024-03-31T13:30:00.000000+02:00
t | timestamp => 1709211909
t | timestampMicro => 1709211909000123456
'1960-02-29T13:05:09.123456789Z' | timestampNano => -310474490876543211
now() => 2024-02-29T13:05:09.123456Z
now('yyyy', timeZone='UTC') => 2024
"""
DOCUMENTS = """
m | toJson => {"a":1}
null | json => null
1.123 | toIon => 1.123e0
{'a b': [true, null, 100.0]} | toIon => {'a b':[true,null,100e0]}
fromJson('{"a": [1, 2.50]}').a => [1,2.5]
fromIon('{a: 2024-04-21, b: [1.5, sym]}') => {"a":"2024-04-21","b":[1.5,"sym"]}
yaml('a: [1, 0x1F, yes, 2024-01-01, ~]').a => [1,31,true,"2024-01-01",null]
[3, 1] | jq('sort | .[0]') | first => 1
'{"a": 1}' | jq('.a') => [1]
l | jq('.[] | select(. > 1)') => [2,3]
1 | jq('[limit(2; repeat(.))]') => [[1,1]]
'[1' is json => false
"""
PORTS = """
read('a') => content of a
fileSize('abc') => 3
fileURI('/a/b') => kestra:///my/space/_files/a/b
kv('k') => ["k",null,false]
kv('k', 'ns', errorOnMissing=true) => ["k","ns",true]
secret('k') => secret k
errorLogs() => [{"message":"m"}]
decrypt(key, encrypt(key, 'héllo')) => héllo
encrypt(key, '') =>
randomInt(n, n) => 5
id() | length => 22
uuid() | length => 36
nanoId() | length => 21
nanoId(length=5, alphabet='a') => aaaaa
ksuid() | length => 27
ksuid() | regexMatch('^[0-9A-Za-z]+$') => true
fileExists('kept') => true
fileExists('gone') => false
isFileEmpty('') => true
isFileEmpty('abc') => false
tasksWithState('failed') => [{"taskId":"a","state":"FAILED"},{"taskId":"loop","state":"FAILED","value":"v2"}]
tasksWithState('KILLED') => []
"""
LATER = r"""
[1, 2, 1, 'a', 1.0, 'a', [1], [1], {'a': 1}, {'a': 1}, null, null, true] | distinct => [1,2,"a",1.0,[1],{"a":1},null,true]
null | distinct => null
[] | distinct => []
12.3 | string | className => java.lang.String
{'field': 'hello'} | string | className => java.lang.String
t | timestampMilli => 1709211909123
'hello world' | regexMatch(regex='hello.*') => true
'hello world' | regexMatch(regex='^\d+$') => false
'order-12345-done' | regexMatch(regex='\d+') => true
null | regexMatch(regex='.*') => false
'aa1bb2cc3' | regexReplace(regex='(\d)', replacement='[$1]') => aa[1]bb[2]cc[3]
'hello' | regexReplace(regex='\d+', replacement='X') => hello
null | regexReplace(regex='.*', replacement='x') =>
'order-12345-done-6' | regexExtract(regex='\d+') => 12345
'order-12345-done' | regexExtract(regex='order-(\d+)', group=1) => 12345
'hello' | regexExtract(regex='\d+') =>
null | regexExtract(regex='\d+') =>
dayOfWeek('2025-01-06T00:30:00+02:00') => MONDAY
dayOfMonth('2025-01-06') => 6
monthOfYear('2025-12-06') => 12
hourOfDay('2025-01-06T14:30:00+02:00') => 14
isWeekend('2025-01-05') => true
isWeekend('2025-01-06T00:00:00Z') => false
isDayWeekInMonth('2025-01-06', 'MONDAY', 'FIRST') => true
isDayWeekInMonth('2025-01-13', 'MONDAY', 'FIRST') => false
isDayWeekInMonth('2025-01-13', 'monday', 'second') => true
isDayWeekInMonth('2025-01-20', 'MONDAY', 'THIRD') => true
isDayWeekInMonth('2025-01-27T10:00:00Z', 'MONDAY', 'LAST') => true
isDayWeekInMonth('2025-01-31', 'FRIDAY', 'FOURTH') => false
isDayWeekInMonth('2025-01-24', 'FRIDAY', 'LAST') => false
isDayWeekInMonth('9999-12-31', 'FRIDAY', 'LAST') => true
fromIon('{a: 1} {a: 2}') => {"a":1}
fromIon('{a: 1} {a: 2}', allRows=true) => [{"a":1},{"a":2}]
fromIon('', allRows=true) => []
"""
"""What later releases of Kestra have."""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        c if len(c) == 2 else (c[0].removesuffix(" =>"), "")
        for c in cases(TEXTS + LISTS + NUMBERS + DATES + DOCUMENTS + PORTS + LATER)
        if c != ("",)
    ],
)
def test_results(source: str, expected: object) -> None:
    assert text("{{ " + source + " }}") == expected


@pytest.mark.parametrize(
    "source",
    [
        "'text' | distinct", "{'a': 1} | distinct", "'a1' | regexExtract('[0-9]', 3)", "'a' | regexMatch()", "'a' | regexReplace('a')",
        "'a' | regexReplace('a', '$1')", "hourOfDay('2025-01-06')", "dayOfWeek('not a date')", "dayOfWeek()", "dayOfWeek(5)",
        "isDayWeekInMonth('2025-01-06', 'MONDAY')", "isDayWeekInMonth('2025-01-06', 'BLURSDAY', 'FIRST')",
        "isDayWeekInMonth('2025-01-06', 'MONDAY', 'FIFTH')", "nanoId(length=1001)", "nanoId(length=0)", "nanoId(alphabet='')",
        "l | chunk('x')", "l | chunk(1.5)", "'a,b' | split(',', 'x')", "'a,b' | split(',', 1.5)", "tasksWithState()", "tasksWithState(5)", "fromIon('{a: 1}', allRows='yes')", "fileExists()", "isFileEmpty(5)",
    ],
)  # fmt: skip
def test_what_later_filters_and_functions_refuse(source: str) -> None:
    with pytest.raises(ExpressionRuntimeError):
        text("{{ " + source + " }}")


def test_yaml_is_written_as_kestra_does() -> None:
    assert text("{{ many | yaml }}") == (
        ' - "true"\n - 12\n - ""\n - "a: b"\n - "a #b"\n - it\'s\n - \'- a\'\n - |-\n  x\n  y\n - \' lead\'\n - \'007\'\n - "a,b"\n - http://a.b\n'
    )
    nested = {"v": [[1, [2]], {"a": [{"b": 1}], "d": {}}, []]}
    expected = " -\n   - 1\n   -\n     - 2\n -\n  a:\n   -\n    b: 1\n  d: {}\n - []\n"
    assert compile_template("{{ v | yaml }}").render(nested) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [("indent(2)", "a\r\n  b"), ("nindent(2)", "\r\n  a\r\n  b"), ("indent(1, '>>')", "a\r\n>>b")],
)
def test_indentation_keeps_the_kind_of_line_end(source: str, expected: object) -> None:
    assert compile_template("{{ v | " + source + " }}").render({"v": "a\r\nb"}) == expected


@pytest.mark.parametrize(
    "source",
    [
        "null | abs", "'a' | abs", "5 | trim", "'abc' | slice(2, 1)", "'abc' | slice(0, 4)", "'' | first", "m | join(',')",
        "[1, 'a'] | sort", "'ba' | sort", "(('a,b' | split(',')) | reverse)", "l | values", "12 | number", "'abc' | number",
        "'3.5' | number('INT')", "n | date", "f | date", "'2024-02-30' | date", "'not a date' | date", "t | date('b')",
        "t | date('ddd')", "t | date(timeZone='Nowhere')", "t | date('d', locale='xx')", "t | dateAdd(n, 'DAYS')",
        "t | dateAdd(1, 'days')", "t | dateAdd(1)", "'Hello' | escapeChar('foo')", "'Hello' | escapeChar", "m | replace({'a': 'b'})",
        "'a' | replace({'a': '$1'}, regexp=true)", "'a' | replace({'(': 'x'}, regexp=true)", "5 | md5", "'%zz' | urldecode",
        "1 | numberFormat('0.0.0')", "'a' | numberFormat('0')", "fromJson('[1,]')", "fromJson('NaN')", "fromJson(1)", "yaml('a: : b')",
        "yaml('')", "yaml(null)", "fromIon('{not: ion')", "l | jq('.a[')", "'x' | jq('.')", "range(1, 2, 0)", "max('a', 'b')",
        "randomInt(1, 10)", "fileURI('../x')", "encrypt('short', 'x')", "decrypt(key, 'AAAA')", "currentEachOutput(l)", "render()",
        "'a' | split(sep=',')", "'a' | split", "l | chunk(0)", "1.5 is odd", "m is json", "'a' | indent(-1)", "uuid(1)", "nosuch()",
        "1 | nosuch", "1 is nosuch", "l | jq('env')", "l | jq('$ENV')", "l | jq('input')", "l | jq('halt')", "l | jq('\"x\" | modulemeta')",
    ],
)  # fmt: skip
def test_failures(source: str) -> None:
    with pytest.raises(ExpressionRuntimeError):
        text("{{ " + source + " }}")


@pytest.mark.parametrize(
    "source", ["now()", "read('a')", "fileSize('a')", "kv('a')", "secret('a')", "errorLogs()", "randomInt(n, m)"]
)
def test_a_missing_service_is_named(source: str) -> None:
    with pytest.raises(ExpressionRuntimeError, match=rf"'{source.partition('(')[0]}' is not available"):
        compile_template("{{ " + source + " }}").render({"n": 1, "m": 2})


def test_the_outputs_of_loops_around_a_task() -> None:
    variables = {
        "parents": [{"taskrun": {"value": "b"}}, {"outputs": {}}, {"taskrun": {"value": "a"}}],
        "taskrun": {"value": "c"},
    }
    outputs = {"a": {"b": {"c": {"value": 1}}}}
    assert compile_template("{{ currentEachOutput(o).value }}").render({**variables, "o": outputs}) == "1"
    assert next(p for p in variables["parents"] if "taskrun" in p)["taskrun"]["value"] == "b"


class TestRecursiveRendering:
    class Recursive(Worker):
        recursive_rendering = True

    VARIABLES: ClassVar = {"a": "{{ b }}", "b": "{{ c }}", "c": "end", "loop1": "{{ loop2 }}", "loop2": "{{ loop1 }}"}

    def test_texts_are_rendered_until_they_no_longer_change(self) -> None:
        template = compile_template("{{ a }} {% raw %}{{ a }}{% endraw %}")
        assert template.render(self.VARIABLES, self.Recursive()) == "end {{ a }}"
        assert template.render(self.VARIABLES, Worker()) == "{{ b }} {{ a }}"

    def test_too_many_rounds_fail(self) -> None:
        with pytest.raises(ExpressionRuntimeError, match="Too many rendering attempts"):
            compile_template("{{ loop1 }}").render(self.VARIABLES, self.Recursive())

    def test_the_functions_that_render_are_gone(self) -> None:
        with pytest.raises(ExpressionRuntimeError, match="does not exist"):
            compile_template("{{ render(a) }}").render(self.VARIABLES, self.Recursive())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\Qa.b\E+", r"a\.b+"),
        (r"\d[\w-]", "[0-9][a-zA-Z_0-9-]"),
        (r"\p{Alpha}\P{Digit}", "[a-zA-Z][^0-9]"),
        ("[a-z&&[^b]]", "[a-z&&[^b]]"),
        ("[[:alpha:]]", r"[[\:alpha:]]"),
        ("[:alpha:]", "[:alpha:]"),
        ("[(?P<a]", "[(?P<a]"),
        ("(?<=a{1,3}+)b+(?<!x?)c*", "(?<=a{1,3}+)b+(?<!x?)c*"),
        ("(?<=(?=a+)[*+]x)(?<n>b+)", "(?<=(?=a+)[*+]x)(?<n>b+)"),
    ],
)
def test_java_expressions_are_translated(pattern: str, expected: object) -> None:
    assert translate(pattern) == expected


@pytest.mark.parametrize("pattern", [r"\G", r"\X", r"\p{javaLowerCase}", "(?d)a", r"[\R]"])
def test_java_expressions_without_a_counterpart_are_refused_by_name(pattern: str) -> None:
    with pytest.raises(ExpressionRuntimeError, match="is not supported"):
        translate(pattern)


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("(?P<x>a)", "`(?P<`"), ("(?<x>a)(?P=x)", "`(?P=`"), ("a(?#no)b", "`(?#`"), ("(a)?(?(1)b|c)", "`(?(`"), ("(?|a|b)", "`(?|`"),
        ("(?<=a+)b", "`+` within a look-behind"), ("(?<!(?:a|b*?)c)d", "`*` within a look-behind"), ("(?<=a{2,})b", "`{2,}` within a look-behind"),
        ("(?<=(?i:a)+)b", "`+` within a look-behind"),
    ],
)  # fmt: skip
def test_what_only_other_dialects_know_is_refused_by_name(pattern: str, named: str) -> None:
    with pytest.raises(ExpressionRuntimeError) as refusal:
        translate(pattern)
    assert f"{named} is not supported" in str(refusal.value)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:abc){e<=3}",
        "x{e}",
        "a{,3}",
        "a{",
        "a{1",
        "{",
        "(*PRUNE)",
        "a|(*F)",
        r"\K",
        r"\m",
        r"\y",
        r"\k",
        r"[\k<n>]",
        r"\b{g}",
    ],
)
def test_extensions_of_the_library_are_no_java(pattern: str) -> None:
    with pytest.raises(ExpressionRuntimeError):
        translate(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(?<n>[a-c])\k<n>", "x__d(*{"), (r"\0101|\0173", "xaabbd(*_"), (r"\V", "_________"), (r"\(*\*", "xaabbd_{"),
        (r"[{(*]{1,2}", "xaabbd__"), (r"\Q{\E", "xaabbd(*_"), (r"(?<n>a)\k<n>|b{2}", "x__d(*{"),
    ],
)  # fmt: skip
def test_what_only_java_knows_is_translated(pattern: str, expected: str) -> None:
    source = "{{ 'xaabbd(*{' | replace({p: '_'}, regexp=true) }}"
    assert compile_template(source).render({"p": pattern}) == expected


def test_a_class_within_a_class_is_a_union_whatever_it_begins_with() -> None:
    rendered = compile_template("{{ v | replace({'[[:alpha:]]': '_'}, regexp=true) }}").render({"v": "zap:h"})
    assert rendered == "z____"


def test_a_regular_expression_that_runs_away_is_stopped() -> None:
    with pytest.raises(LimitExceeded):
        compile_template("{{ v | replace({'(a|aa)+$': 'x'}, regexp=true) }}").render({"v": "a" * 60 + "b"})


def test_check_template_reports_every_unknown_name_with_its_place() -> None:
    source = "a\n{{ x | nosuch }} {{ y is strange }}{% if f(1) %}{{ 'a' | split(sep=1) }}{% endif %}\n{% filter gone %}{% endfilter %}"
    found = [(problem.line, problem.column, problem.message) for problem in check_template(source)]
    assert found == [
        (2, 6, "Filter [nosuch] does not exist."),
        (2, 23, "Test [strange] does not exist."),
        (2, 42, "Function or Macro [f] does not exist."),
        (2, 56, "split(delimiter, limit): The following named argument does not exist: sep"),
        (3, 1, "Filter [gone] does not exist."),
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ 'a' | uper }}", "Filter [uper] does not exist, did you mean `upper`?"),
        ("{{ 1 is evn }}", "Test [evn] does not exist, did you mean `even`?"),
        ("{{ fromJsn('1') }}", "Function or Macro [fromJsn] does not exist, did you mean `fromJson`?"),
        ("{% macro greeting() %}{% endmacro %}{{ greting() }}", "Function or Macro [greting] does not exist, did you mean `greeting`?"),
        ("{% fro a in [1] %}{% endfor %}", 'Unexpected tag name "fro", did you mean `for`?'),
        ("{% if true %}{% esle %}{% endif %}", 'Unexpected tag name "esle", did you mean `else`?'),
        ("{% zzz %}", 'Unexpected tag name "zzz"'),
    ],
)  # fmt: skip
def test_a_name_that_nobody_knows_comes_with_the_nearest_one(source: str, told: str) -> None:
    with pytest.raises(ExpressionError) as error:
        compile_template(source).render({})
    assert error.value.problem == told
    assert [problem.message for problem in check_template(source)] == [told]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_function_that_only_kestra_has_comes_with_the_reason(name: str) -> None:
    assert registry.find("function", name) is None
    (problem,) = check_template("{{ " + name + "('a') }}")
    assert problem.message == f"Function or Macro [{name}] does not exist here: {REFUSED[name]}."


class Plugin:
    """An entry point whose module registers a filter when it is loaded."""

    def load(self) -> None:
        registry.filter_("shout", "mark")(lambda value, mark="!": f"{value.upper()}{mark}")


def test_a_plugin_adds_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(group: str) -> list[Plugin]:
        return [Plugin()] if group == "thermik.expressions" else []

    monkeypatch.setattr("importlib.metadata.entry_points", installed)
    monkeypatch.setattr(registry, "_loaded", registry._loaded - {registry.PLUGINS})
    monkeypatch.setitem(registry._known, "filter", dict(registry._known["filter"]))
    assert text("{{ 'hey' | shout('?') }}") == "HEY?"
    assert check_template("{{ 'hey' | shout(mark='?') }}") == []


def test_a_plugin_that_cannot_be_loaded_is_told_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def load(self) -> None:
            raise ImportError("no such library")

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Broken()])
    monkeypatch.setattr(registry, "_loaded", registry._loaded - {registry.PLUGINS})
    for _ in range(2):
        with pytest.raises(ImportError, match="no such library"):
            registry.find("filter", "shout")


def test_what_inputs_keep_expressions_decrypt_and_the_reverse() -> None:
    key = base64.b64encode(bytes(16)).decode()
    kept = AesGcm.from_base64(key)
    variables = {"key": key, "kept": kept.encrypt("héllo")}
    assert compile_template("{{ decrypt(key, kept) }}").render(variables) == "héllo"
    assert kept.decrypt(compile_template("{{ encrypt(key, 'wörld') }}").render(variables)) == "wörld"
    assert key not in repr(kept)


def test_check_template_reports_a_syntax_error() -> None:
    (problem,) = check_template("ok\n{{ 1 + }}")
    assert (problem.line, problem.column) == (2, 8)
    assert check_template("{% macro m() %}{% endmacro %}{{ m() }}{{ missing }}{{ block('b') }}") == []
    assert check_template("no template }}") == []


@pytest.mark.parametrize("kind", ["filter", "function", "test"])
def test_every_entry_is_documented(kind: str) -> None:
    entries = registry.everything(kind)
    assert len(entries) > 7
    assert [entry.name for entry in entries if len(entry.documentation) < 5] == []
