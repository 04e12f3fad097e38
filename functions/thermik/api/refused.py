"""What a path is told that no route has: what of Kestra it asks for, or which methods it has, or that it is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from thermik.api.errors import ApiError, NotFound, Unprocessable, WrongMethod
from thermik.api.routing import BASE, TENANT, Endpoint

_ENTERPRISE = "belong to Kestra's Enterprise Edition; Thermik has none"

_WITHOUT: Mapping[str, str] = {
    r"flows/source/replace/.*": "Searching and replacing in flows' sources is not supported: change the files and "
    "deploy them",
    r"flows/(promote|hashes)/.*|flows/[^/]+/[^/]+/promot.*": f"Promotions {_ENTERPRISE}",
    r"flows/policies/.*|policies.*": f"Policies {_ENTERPRISE}",
    r"namespaces/[^/]+/credentials.*": f"Credentials {_ENTERPRISE}",
    r"namespaces/[^/]+/(plugindefaults|inherited-plugindefaults|inherited-variables).*": "Properties of namespaces "
    f"{_ENTERPRISE}",
    r"namespaces(/[^/]+)?": "Stored namespaces belong to Kestra's Enterprise Edition; here a namespace is there when a "
    "flow has it, and cannot be created, changed or deleted",
    r"dashboards.*": "Dashboards are not supported",
    r"blueprints.*": "Blueprints are not supported",
    r"(ai|mcp)(/.*|-.*)?": "Kestra's assistants are not supported",
    r"templates.*": "Templates are gone from Kestra: use subflows",
    r"stats/.*|cluster.*|workers?.*|license.*|instance.*": "Kestra's own services are not here: see the metrics of "
    "the installation",
    r"basicAuth.*|me(/.*)?": "The user is set where the server runs: THERMIK_USERNAME and THERMIK_PASSWORD",
    r"(apps?|assets?|tests?|test-suites|users?|groups?|roles?|bindings|invitations|service-accounts?|tenants|"
    r"auditlogs|announcements|banners|kill-switches|quotas|security-integrations|notifications)(/.*)?": "Users, apps, "
    f"assets and tests {_ENTERPRISE}",
}
"""Parts of Kestra that are not here: the paths below the tenant, and what is said."""


def refusal_of(method: str, path: str, endpoints: Iterable[Endpoint]) -> ApiError:
    """Why a request is not answered."""
    parts = path.split("/")
    # `/api/v1/configs` and `/api/v1/plugins` have no tenant: only what is longer names another one
    if path.startswith("/api/v1/") and len(parts) > 4 and parts[3] != TENANT:
        return NotFound(f"Tenant '{parts[3]}' not found: the only one is '{TENANT}'")
    below = path.removeprefix(f"{BASE}/")
    for pattern, said in _WITHOUT.items():
        if below != path and re.fullmatch(pattern, below):
            return NotFound(said) if "Enterprise" in said else Unprocessable(said)
    allowed = sorted({each.method for each in endpoints if _fits(each.path, path)})
    if allowed:
        return WrongMethod(method, path, allowed)
    return NotFound(f"{method} {path} is no route of this server")


def _fits(route: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"<\w+>", "[^/]+", route), path) is not None
