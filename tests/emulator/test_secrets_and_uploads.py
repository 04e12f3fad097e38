"""What a flow's inputs need of AWS: the key that encrypts secrets, their values, and large files straight to S3."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from emulator.stack import Stack
from thermik.cli.client import ENDED, Start
from thermik.cli.http_client import HttpClient
from thermik.cli.uploads import DIRECT_BYTES
from thermik.settings import Settings

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]

FLOW = """\
id: guarded
namespace: emulator.flows
inputs:
  - {id: data, type: FILE}
  - {id: pin, type: SECRET}
tasks:
  - {id: size, type: io.kestra.plugin.core.storage.Size, uri: "{{ inputs.data }}"}
  - {id: same, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.pin == secret('PIN') }}"}
"""


@pytest.fixture
def client(stack: Stack, user: tuple[str, str]) -> HttpClient:
    return HttpClient(stack.api_url, Settings(username=user[0], password=user[1]))


def test_a_large_file_and_a_secret(stack: Stack, client: HttpClient, tmp_path: Path) -> None:
    name = f"{stack.deployment.stack}/secrets/PIN"
    stack.client("secretsmanager").create_secret(Name=name, SecretString="1234")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(DIRECT_BYTES + 1000))
    client.save_flow(FLOW)

    started = client.start(Start("emulator.flows", "guarded", inputs={"pin": "1234"}, files={"data": large}))
    ended = _ended(client, started["id"])

    assert ended["state"]["current"] == "SUCCESS"
    outputs = {run["taskId"]: run["outputs"] for run in ended["taskRunList"]}
    assert outputs == {"size": {"size": DIRECT_BYTES + 1000}, "same": {"value": "true"}}
    assert f"/executions/{ended['id']}/inputs/data/" in ended["inputs"]["data"]
    assert "1234" not in str(ended)


def test_a_large_namespace_file(client: HttpClient, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * (DIRECT_BYTES // 200))

    client.write_namespace_file("emulator.flows", "deep/large.bin", large)
    with (tmp_path / "copy.bin").open("wb") as copy:
        client.read_namespace_file("emulator.flows", "/deep/large.bin", copy)

    assert (tmp_path / "copy.bin").read_bytes() == large.read_bytes()
    assert client.namespace_files("emulator.flows") == ["/deep/large.bin"]


def _ended(client: HttpClient, execution_id: str) -> dict[str, Any]:
    for _ in range(300):
        execution = client.execution(execution_id)
        if execution["state"]["current"] in ENDED:
            return execution
        time.sleep(0.2)
    raise AssertionError(f"still {execution['state']['current']}")
