"""What every mapping of a flow's source has in common: how its properties are read.

Kestra reads with Jackson, and authors rely on it: a null is as good as nothing, a number or a boolean may stand
where a text is wanted (`runIf: true`), old names are understood, and anything unknown is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError

_Reading = Callable[[Any], Any]


class FlowModel(BaseModel):
    """A mapping of a flow's source: camelCase names, no unknown property, never changed after it was read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        defer_build=True,  # a flow uses few of the models: those of other types of inputs or triggers cost nothing
    )

    old_names: ClassVar[Mapping[str, str]] = {}
    """Old names of properties, each with the name of today."""

    _readings: ClassVar[dict[str, _Reading]] = {}
    _property_names: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Note, once a class, which properties hold texts."""
        super().__pydantic_init_subclass__(**kwargs)
        names = {field.alias or name: field.annotation for name, field in cls.model_fields.items()}
        cls._property_names = frozenset([*names, *cls.old_names])
        cls._readings = {name: read for name, kind in names.items() if (read := _reading(kind)) is not None}

    @classmethod
    def property_names(cls) -> frozenset[str]:
        """Every name under which a source may give a property, old ones too."""
        return cls._property_names

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        from thermik.flows.lenient_schema import lenient

        reference = handler(core)
        own = handler.resolve_ref_schema(reference)
        changed = lenient(cls, dict(own))
        own.clear()
        own.update(changed)
        return reference

    @model_validator(mode="before")
    @classmethod
    def _as_jackson_does(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        result = {}
        for given, value in data.items():
            if value is None and given in cls._property_names:
                continue  # an unknown one stays and is refused, null or not
            name = cls.old_names.get(given, given)
            if name != given and data.get(name) is not None:
                raise PydanticCustomError(
                    "two_names",
                    "'{old}' is the old name of '{name}': give one of them",
                    {"old": given, "name": name},
                )
            read = cls._readings.get(name)
            result[name] = read(value) if read is not None else value
        return result


def _reading(annotation: Any) -> _Reading | None:
    """How to read a property of this kind, where it holds text and a boolean could stand in its place."""
    kinds = _alternatives(annotation)
    if str in kinds and not {bool, Any, object} & kinds:
        return _text
    for kind in kinds:
        if get_origin(kind) is list and str in _alternatives(get_args(kind)[0]):
            return _texts
        if get_origin(kind) is dict and str in _alternatives(get_args(kind)[1]):
            return _text_map
    return None


def _alternatives(annotation: Any) -> set[Any]:
    """The types that an annotation allows, without their metadata."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return set().union(*(_alternatives(each) for each in get_args(annotation)))
    return {annotation}


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    return [_text(item) for item in value] if isinstance(value, list) else value


def _text_map(value: Any) -> Any:
    return {key: _text(item) for key, item in value.items()} if isinstance(value, dict) else value
