"""What every test may rely on: no way to a real AWS account, hypothesis profiles, the shared folder.

`shared_dir` is a plain function, so that it also serves at collection: `from conftest import shared_dir`.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_SECURITY_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
FOREIGN_SETTINGS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


def shared_dir() -> Path | None:
    """The folder of conformance cases and notes beside the repository, or None where there is none."""
    named = os.environ.get("THERMIK_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    return folder if folder.is_dir() else None


def _leave_the_real_world() -> None:
    """Set at import, before any test module makes a client: whatever escapes moto has no account to reach."""
    os.environ.update(FAKE_AWS)
    for name in [*FOREIGN_SETTINGS, *(name for name in os.environ if name.startswith("THERMIK_"))]:
        if name not in {"THERMIK_SHARED", "THERMIK_HYPOTHESIS", "THERMIK_EMULATOR"}:
            os.environ.pop(name, None)


def _register_profiles() -> None:
    """`THERMIK_HYPOTHESIS=thorough` looks longer; no profile has a deadline, because machines differ."""
    slow = [HealthCheck.too_slow]
    settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=slow)
    settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=slow)
    settings.load_profile(os.environ.get("THERMIK_HYPOTHESIS", "quick"))


_leave_the_real_world()
_register_profiles()
