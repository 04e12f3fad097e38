"""Files of namespaces over HTTP."""

from __future__ import annotations

import io
import zipfile

import pytest

from flows.thermik_server import Server

BASE = "/namespaces/api.files/files"


def _put(server: Server, path: str, content: bytes) -> None:
    server.json("POST", BASE, params={"path": path}, files={"fileContent": ("x", content)})


def test_files_are_written_moved_listed_and_deleted(thermik_server: Server) -> None:
    for path in ("/a.txt", "dir/b 100%.txt", "dir/sub/c.txt"):
        _put(thermik_server, path, path.encode())
    assert thermik_server.call("GET", BASE, params={"path": "/dir/b 100%.txt"}).content == b"dir/b 100%.txt"
    listed = thermik_server.json("GET", f"{BASE}/directory", params={"path": "/dir"})
    assert [(each["fileName"], each["type"]) for each in listed] == [("b 100%.txt", "File"), ("sub", "Directory")]
    root = thermik_server.json("GET", f"{BASE}/directory")
    assert [(each["fileName"], each["size"]) for each in root] == [("a.txt", 6), ("dir", 0)]
    assert thermik_server.json("GET", f"{BASE}/search", params={"q": "SUB"}) == ["/dir/sub/c.txt"]
    assert thermik_server.json("GET", f"{BASE}/stats", params={"path": "dir"})["type"] == "Directory"

    thermik_server.json("PUT", BASE, params={"from": "dir", "to": "moved/here"})
    archive = zipfile.ZipFile(io.BytesIO(thermik_server.call("GET", f"{BASE}/export").content))
    assert archive.namelist() == ["a.txt", "moved/here/b 100%.txt", "moved/here/sub/c.txt"]
    thermik_server.json("POST", f"{BASE}/directory", params={"path": "empty"})
    assert thermik_server.json("GET", f"{BASE}/directory", params={"path": "empty"}) == []
    for path in ("moved", "a.txt", "empty"):
        thermik_server.json("DELETE", BASE, params={"path": path})
    assert thermik_server.json("GET", f"{BASE}/directory") == []
    thermik_server.json("GET", BASE, 404, params={"path": "a.txt"})


@pytest.mark.parametrize("path", ["../x", "a/../../b", "a//b", "", "/", "a/./b"])
def test_paths_that_lead_elsewhere_are_refused(thermik_server: Server, path: str) -> None:
    thermik_server.json("GET", BASE, 422, params={"path": path})
    thermik_server.json("POST", BASE, 422, params={"path": path}, files={"fileContent": ("x", b"y")})


def test_an_archive_is_unpacked(thermik_server: Server) -> None:
    base = "/namespaces/api.archive/files"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("one.txt", "1")
        archive.writestr("deep/two.txt", "2")
    sent = {"fileContent": ("files.zip", content.getvalue())}
    thermik_server.json("POST", base, params={"path": "/"}, files=sent)
    assert thermik_server.json("GET", f"{base}/search") == ["/deep/two.txt", "/one.txt"]


TASKS = """\
id: keeper
namespace: api.keeper
tasks:
  - id: directory
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - id: make
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands: ["mkdir -p out/deep", "echo made > out/deep/a.txt", "echo other > b.log"]
      - id: upload
        type: io.kestra.plugin.core.namespace.UploadFiles
        namespace: "{{ flow.namespace }}"
        files: ["glob:out/**.txt"]
        destination: kept
  - {id: read, type: io.kestra.plugin.core.debug.Return, format: "{{ read('kept/out/deep/a.txt') | trim }}"}
  - {id: download, type: io.kestra.plugin.core.namespace.DownloadFiles, namespace: api.keeper, files: "**.txt"}
  - id: copy
    type: io.kestra.plugin.core.debug.Return
    format: "{{ read(outputs.download.files['/kept/out/deep/a.txt']) | trim }}"
  - id: delete
    type: io.kestra.plugin.core.namespace.DeleteFiles
    namespace: api.keeper
    files: [/kept/**]
    deleteParentFolder: true
"""


def test_tasks_keep_files_in_a_namespace(thermik_server: Server) -> None:
    thermik_server.put_flow(TASKS)
    execution = thermik_server.run("api.keeper", "keeper")
    assert execution["state"]["current"] == "SUCCESS"
    outputs = {run["taskId"]: run.get("outputs") for run in execution["taskRunList"]}
    assert outputs["upload"] == {"files": {"/kept/out/deep/a.txt": "kestra:///api/keeper/_files/kept/out/deep/a.txt"}}
    assert (outputs["read"], outputs["copy"]) == ({"value": "made"}, {"value": "made"})
    assert thermik_server.json("GET", "/namespaces/api.keeper/files/directory") == []
