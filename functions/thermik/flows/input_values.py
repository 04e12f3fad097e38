"""The inputs of an execution: from what was given to typed, checked values, or to every reason against them.

One way for the API, `onResume`, Subflow, triggers and the command line. Each input is resolved once, those that it
depends on first: is it asked for at all (`dependsOn`), what was given or its rendered default, its type, its bounds.
Files are stored last, when everything else is accepted, so that a refused execution leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BufferedReader
from typing import Any, BinaryIO

from thermik.expressions import ExpressionError, Services, compile_template, render
from thermik.flows.encryption import Encryption
from thermik.flows.inputs import Input
from thermik.flows.problems import Problem
from thermik.flows.typed_values import as_text, read_typed, received
from thermik.records import record

FileSink = Callable[[str, str, BinaryIO], str]
"""Stores a file: id of the input, file name, stream; returns its URI. Called once a file, and reads to the end."""

NO_ENCRYPTION = "Unable to use a `SECRET` input/output as encryption is not configured"
_PENDING = "kestra:///pending/"
HIDDEN = "******"


class InvalidInputs(Exception):
    """Inputs that an execution cannot have, in declared order; `problems[n].path` is the input's id."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("Invalid entity: " + "\n".join(problem.text for problem in problems))


@record
class Upload:
    """A file that was sent: an open stream of bytes, buffered or seekable, that is read once."""

    stream: BinaryIO
    name: str = ""


@record
class InputValues:
    """What the execution keeps.

    Attributes:
        values: typed, nested by the dots of their ids; SECRET ones encrypted.
        secrets: texts that must be masked wherever they could be printed.
    """

    values: dict[str, Any]
    secrets: tuple[str, ...] = ()


@record
class ResolvedInput:
    """One input after its resolution, as `POST …/validate` tells it.

    Attributes:
        value: typed; None where nothing is there, or it was refused.
        enabled: false for one that is not asked for (`dependsOn`).
        is_default: nothing was given, and the value is the default.
        error: Kestra's whole message; None for one that is accepted.
        secret: the clear text of a SECRET.
    """

    input: Input
    value: Any = None
    enabled: bool = True
    is_default: bool = False
    error: str | None = None
    secret: str | None = None


@record
class Resolution:
    """What resolving inputs may use.

    Attributes:
        context: variables of default values, conditions and expressions besides `inputs` (`flow`, `vars`, …).
        services: what functions of expressions need.
        encryption: for SECRET inputs; None refuses them.
    """

    context: Mapping[str, Any] = field(default_factory=dict)
    services: Services | None = None
    encryption: Encryption | None = None


def resolve_inputs(
    inputs: Sequence[Input],
    given: Mapping[str, Any],
    resolution: Resolution | None = None,
    *,
    files: FileSink | None = None,
) -> InputValues:
    """The inputs of a new execution.

    Args:
        given: by input id: text, JSON values, `Upload`s; what is not declared is ignored.
        files: stores uploads; None refuses them.

    Raises:
        InvalidInputs: with everything that is wrong; then nothing was stored.
    """
    how = resolution or Resolution()
    resolved = check_inputs(inputs, given, how)
    problems = [Problem(each.input.id, each.error) for each in resolved if each.error]
    accepted = {each.input.id: given.get(each.input.id) for each in resolved if each.enabled and not each.error}
    uploads = {name: value for name, value in accepted.items() if isinstance(value, Upload)}
    if uploads and files is None:
        problems.extend(Problem(name, _message(name, "files cannot be uploaded here", "a file")) for name in uploads)
    if problems:
        raise InvalidInputs(problems)
    if uploads and files is not None:
        stored = {name: _store(upload, _declared(inputs, name), files) for name, upload in uploads.items()}
        # once more with the URIs: values of other inputs may be rendered from them
        resolved = check_inputs(inputs, {**given, **stored}, how)
    secrets = tuple(each.secret for each in resolved if each.secret)
    return InputValues(nested({each.input.id: each.value for each in resolved if each.enabled}), secrets)


def check_inputs(
    inputs: Sequence[Input], given: Mapping[str, Any], resolution: Resolution | None = None
) -> list[ResolvedInput]:
    """Each input's own result, in declared order; stores nothing and reads at most the first byte of an upload."""
    resolver = _Resolver({each.id: each for each in inputs}, given, resolution or Resolution())
    return [resolver.resolve(each.id) for each in inputs]


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted ids as maps within maps: `a.b` is b of a."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        place = result
        for step in above:
            inner = place.get(step)
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        place[last] = value
    return result


def visible_inputs(
    inputs: Sequence[Input], stored: Mapping[str, Any], resolution: Resolution | None = None
) -> InputValues:
    """An execution's inputs as expressions see them: secrets in the clear, and the defaults of inputs that it lacks.

    An execution of a webhook or a flow trigger has no values of its own. A default that cannot be had is left out.

    Raises:
        EncryptionError: a secret was encrypted with another key.
    """
    how = resolution or Resolution()
    values = dict(stored)
    secrets = []
    missing = []
    for declared in inputs:
        found, value = _lookup(stored, declared.id)
        if not found:
            missing.append(declared)
        elif declared.type == "SECRET" and isinstance(value, str) and how.encryption is not None:
            clear = how.encryption.decrypt(value)
            secrets.append(clear)
            values = _with(values, declared.id, clear)
    for declared in missing:
        if declared.defaults is None:
            continue
        # by itself: what it depends on has no value here either, and would switch it off
        [resolved] = check_inputs([declared.model_copy(update={"depends_on": None})], {}, how)
        if resolved.secret is not None:
            secrets.append(resolved.secret)
        if resolved.error is None:
            values = _with(values, declared.id, resolved.value if resolved.secret is None else resolved.secret)
    return InputValues(values, tuple(secrets))


def _lookup(values: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    place: Any = values
    for step in name.split("."):
        if not isinstance(place, Mapping) or step not in place:
            return False, None
        place = place[step]
    return True, place


def _with(values: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    first, _, rest = name.partition(".")
    if rest:
        inner = values.get(first)
        value = _with(dict(inner) if isinstance(inner, Mapping) else {}, rest, value)
    return {**values, first: value}


def _declared(inputs: Sequence[Input], name: str) -> Input:
    return next(each for each in inputs if each.id == name)


def _store(upload: Upload, declared: Input, files: FileSink) -> str:
    from thermik.flows.input_types import FileInput  # the types' models, which reading inputs back does without

    name = declared.stored_name(upload.name) if isinstance(declared, FileInput) else declared.id
    return files(declared.id, name, upload.stream)


def _message(name: str, reason: str, value: Any) -> str:
    return f"Invalid input for `{name}`, {reason}, but received `{received(value)}`"


@dataclass(slots=True)
class _Resolver:
    """Resolves the inputs of one execution, each once."""

    declared: Mapping[str, Input]
    given: Mapping[str, Any]
    how: Resolution
    done: dict[str, ResolvedInput] = field(default_factory=dict)

    def resolve(self, name: str) -> ResolvedInput:
        """One input; those that it depends on are resolved on the way (validation forbids cycles)."""
        if name not in self.done:
            declared = self.declared[name]
            self.done[name] = ResolvedInput(declared, enabled=False)  # what a cycle would see
            if self._is_enabled(declared):
                self.done[name] = self._resolve(declared)
        return self.done[name]

    def _is_enabled(self, declared: Input) -> bool:
        depends = declared.depends_on
        if depends is None:
            return True
        needed = [self.resolve(name) for name in depends.inputs if name in self.declared]
        if not all(each.enabled for each in needed):
            return False
        if depends.condition is None:
            return True
        try:
            return compile_template(depends.condition).evaluate(self._variables(declared), self.how.services) is True
        except ExpressionError:
            return False  # Kestra's rule: a condition that cannot be evaluated does not hold

    def _variables(self, declared: Input) -> dict[str, Any]:
        """What the input's expressions see: of the inputs, only those that it depends on."""
        names = declared.depends_on.inputs if declared.depends_on else []
        seen = [self.done[name] for name in names if name in self.done]
        values = {each.input.id: each.value for each in seen if each.enabled and each.error is None}
        return {**self.how.context, "inputs": nested(values)}

    def _resolve(self, declared: Input) -> ResolvedInput:
        value = self.given.get(declared.id)
        is_default = value is None
        try:
            if is_default:
                value = self._default(declared)
            if value is None:
                return ResolvedInput(declared)
            return replace(self._typed(declared, value), is_default=is_default)
        except (ValueError, ExpressionError) as error:
            shown = HIDDEN if declared.type == "SECRET" and value is not None else value
            shown = shown.name or "a file" if isinstance(shown, Upload) else shown
            return ResolvedInput(declared, error=_message(declared.id, str(error), shown))

    def _default(self, declared: Input) -> Any:
        """What counts where nothing is given; None where nothing is needed. Raises: ValueError, ExpressionError."""
        if declared.defaults is not None:
            return render(declared.defaults, self._variables(declared), self.how.services)
        first = self._choices(declared)[:1] if getattr(declared, "auto_select_first", False) else []
        if first:
            return first if declared.type == "MULTISELECT" else first[0]
        if declared.required:
            raise ValueError("missing required input")
        return None

    def _typed(self, declared: Input, value: Any) -> ResolvedInput:
        from thermik.flows.constraints import refusal  # with the types' models, which reading inputs back does without

        if isinstance(value, Upload):
            return ResolvedInput(declared, _pending(declared, value))
        item_type = getattr(declared, "item_type", "STRING")
        typed = read_typed(declared.type, value, item_type=item_type)
        reason = refusal(declared, typed, self._choices(declared))
        if reason is not None:
            raise ValueError(reason)
        if declared.type == "SECRET":
            if self.how.encryption is None:
                raise ValueError(NO_ENCRYPTION)
            return ResolvedInput(declared, self.how.encryption.encrypt(typed), secret=typed)
        return ResolvedInput(declared, typed)

    def _choices(self, declared: Input) -> list[str]:
        """What a SELECT or MULTISELECT offers. Raises: ValueError, ExpressionError."""
        expression = getattr(declared, "expression", None)
        if expression is None:
            return list(getattr(declared, "values", None) or ())
        found = compile_template(expression).evaluate(self._variables(declared), self.how.services)
        if not isinstance(found, list):
            raise ValueError("its `expression` gives no list of values")  # noqa: TRY004 - one error for all that is refused
        return [as_text(item) for item in found]


def _pending(declared: Input, upload: Upload) -> str:
    """The place of a file that is not stored yet. Raises: ValueError."""
    from thermik.flows.constraints import refused_file
    from thermik.flows.input_types import FileInput

    if not isinstance(declared, FileInput):
        raise ValueError("a file was sent, and the input is no FILE")  # noqa: TRY004 - one error for all that is refused
    reason = refused_file(declared, upload.name)
    if reason is not None:
        raise ValueError(reason)
    if not _first_byte(upload.stream):
        raise ValueError("the file is empty")
    return _PENDING + declared.id


def _first_byte(stream: BinaryIO) -> bytes:
    """Look at a stream's beginning without taking it away."""
    if isinstance(stream, BufferedReader):
        return stream.peek(1)[:1]
    start = stream.tell()
    first = stream.read(1)
    stream.seek(start)
    return first
