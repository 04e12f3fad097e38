"""KV pairs of namespaces."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from thermik.api.answers import Answer
from thermik.api.errors import BadRequest, NotFound, Unprocessable
from thermik.api.filters import View, matches, read_filters
from thermik.api.listings import page_of
from thermik.api.namespaces import every_namespace, upwards
from thermik.api.paging import PAGE_QUERY, dotted, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import instant_text, parse_instant
from thermik.durations import parse_duration
from thermik.flows.typed_values import parse_json
from thermik.storage.key_values import Entry, Pair, bad_key

FIELDS = frozenset(["q", "namespace", "updated", "expirationDate"])

MAX_KEY = 150
MAX_LIFETIME = timedelta(days=36_500)

router = Router("KV store")


@router.route("GET", "/namespaces/<namespace>/kv/<key>")
def get(services: Services, request: Request) -> dict[str, Any]:
    """The value of a key, with its type."""
    found = value_of(services, request["namespace"], request["key"])
    if found is None:
        raise NotFound(f"No value found for key '{request['key']}' in namespace '{request['namespace']}'")
    return found


def value_of(services: Services, namespace: str, key: str) -> dict[str, Any] | None:
    """`{type, value, revision, updated}` of a key; None where there is none."""
    pair = services.pairs.get(namespace, key)
    if pair is None:
        return None
    return {"type": pair.kind, "value": pair.value, "revision": pair.revision, "updated": pair.updated}


@router.route("PUT", "/namespaces/<namespace>/kv/<key>", consumes="text/plain")
def put(services: Services, request: Request) -> Answer:
    """Set a key to a JSON value; the headers `ttl` and `description` may come with it."""
    ttl, description = request.headers.get("ttl"), request.headers.get("description")
    set_value(services, request["namespace"], request["key"], request.text(), ttl=ttl, description=description)
    return Answer()


def set_value(
    services: Services, namespace: str, key: str, text: str, *, ttl: str | None = None, description: str | None = None
) -> None:
    """Set a key. Raises: BadRequest, Unprocessable, Conflict, ItemTooLarge."""
    refusal = bad_key(key)
    if refusal is not None:
        raise Unprocessable(refusal)
    if len(key) > MAX_KEY:
        raise Unprocessable(f"'{key[:200]}…' is no acceptable key: it has {len(key)} characters, at most {MAX_KEY}")
    value, kind = typed(text)
    services.pairs.put(namespace, key, Entry(value, kind, description, _lifetime(ttl)))


@router.route("DELETE", "/namespaces/<namespace>/kv/<key>")
def delete(services: Services, request: Request) -> bool:
    """Delete a key; whether it was there."""
    return services.pairs.delete(request["namespace"], request["key"])


@router.route("GET", "/namespaces/<namespace>/kv")
def list_of_namespace(services: Services, request: Request) -> list[dict[str, Any]]:
    """Every key of a namespace."""
    return entries(services, request["namespace"])


def entries(services: Services, namespace: str) -> list[dict[str, Any]]:
    """What a list shows of each key of a namespace."""
    return [_entry(namespace, pair) for pair in services.pairs.pairs(namespace)]


@router.route("DELETE", "/namespaces/<namespace>/kv", consumes="application/json")
def delete_many(services: Services, request: Request) -> dict[str, Any]:
    """Delete several keys of a namespace; those that were there."""
    keys = request.json_object().get("keys")
    if not isinstance(keys, list):
        raise BadRequest("The body must have `keys`, a list")
    return {"keys": [key for key in map(str, keys) if services.pairs.delete(request["namespace"], key)]}


@router.route("GET", "/namespaces/<namespace>/kv/inheritance")
def inherited(services: Services, request: Request) -> list[dict[str, Any]]:
    """Every key of a namespace and of those above it, the nearest of a name."""
    found: dict[str, dict[str, Any]] = {}
    for namespace in upwards(request["namespace"]):
        for pair in services.pairs.pairs(namespace):
            found.setdefault(pair.key, _entry(namespace, pair))
    return [found[key] for key in sorted(found)]


@router.route("GET", "/kv", query=f"{PAGE_QUERY} q namespace filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the keys that pass the filters, of all namespaces that have flows."""
    filters = read_filters(request, FIELDS)
    wanted = page_request(request)
    entries = [_entry(name, pair) for name in every_namespace(services) for pair in services.pairs.pairs(name)]
    now = services.now()
    passing = [entry for entry in entries if matches(filters, _view(entry), now)]
    found = page_of(sort_items(passing, wanted.orders, dotted), wanted)
    return found.wire(found.items)


def typed(text: str) -> tuple[Any, str]:
    """A value and Kestra's type of it, from JSON; dates and durations are texts of that form. Raises: BadRequest."""
    try:
        value = parse_json(text)
    except ValueError:
        value = text.strip()
        if not value or value[0] in '{["':
            raise BadRequest("The value is no JSON") from None
    if isinstance(value, bool):  # before the numbers: to Python it is one
        return value, "BOOLEAN"
    if isinstance(value, int | float):
        return value, "NUMBER"
    if not isinstance(value, str):
        return value, "JSON"
    return value, next((kind for kind, reads in _TEXTS if _reads(reads, value)), "STRING")


def _reads(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


_TEXTS = (("DATE", date.fromisoformat), ("DATETIME", parse_instant), ("DURATION", parse_duration))


def _lifetime(text: str | None) -> timedelta | None:
    if not text:
        return None
    try:
        lifetime = parse_duration(text)
    except ValueError as error:
        raise Unprocessable(f"The 'ttl' is no duration: {error}") from None
    if not timedelta() < lifetime <= MAX_LIFETIME:
        raise Unprocessable(f"The 'ttl' must be more than 0 and at most {MAX_LIFETIME.days} days, not '{text[:100]}'")
    return lifetime


def _entry(namespace: str, pair: Pair) -> dict[str, Any]:
    expires = datetime.fromtimestamp(pair.expires, UTC) if pair.expires is not None else None
    entry = {
        "namespace": namespace,
        "key": pair.key,
        "version": pair.revision,
        "revision": pair.revision,
        "description": pair.description,
        "creationDate": pair.created,
        "updateDate": pair.updated,
        "expirationDate": instant_text(expires) if expires else None,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _view(entry: dict[str, Any]) -> View:
    dates = {"updated": "updateDate", "expirationDate": "expirationDate"}

    def view(field: str) -> Any:
        if field in dates:
            text = entry.get(dates[field])
            return parse_instant(text) if text else None
        return (entry["key"], entry["namespace"]) if field == "q" else entry.get(field)

    return view
