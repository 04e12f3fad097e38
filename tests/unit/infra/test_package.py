"""The Lambda package: what is in it, what is not, and that it is the same each time."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from infra import package
from infra.package import MAX_UNZIPPED_BYTES, PackageError, build, is_carried, lambda_target, prune

ELF_AARCH64 = b"\xb7\x00"
"""`e_machine` of an ELF file, at byte 18."""

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("package")]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that nobody edits them between two builds."""
    copy = tmp_path_factory.mktemp("sources") / "functions"
    return shutil.copytree(package.REPOSITORY / "functions", copy, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="module")
def built(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> package.Package:
    return build(lambda_target(), tmp_path_factory.mktemp("package") / "lambda.zip", sources)


@pytest.fixture(scope="module")
def names(built: package.Package) -> list[str]:
    return zipfile.ZipFile(built.archive).namelist()


def test_it_carries_thermik_without_what_only_a_laptop_uses(names: list[str]) -> None:
    own = {name.split("/")[1] for name in names if name.startswith("thermik/")}
    assert {"clock.py", "worker", "api", "storage"} <= own
    assert not own & {"cli", "local"}


def test_it_is_for_arm64_whatever_built_it(built: package.Package, names: list[str]) -> None:
    bundle = zipfile.ZipFile(built.archive)
    machines = {name: bundle.read(name)[18:20] for name in names if name.endswith(".so")}
    assert machines
    assert set(machines.values()) == {ELF_AARCH64}, machines


def test_it_carries_no_tests_scripts_or_unused_services(names: list[str]) -> None:
    assert not [name for name in names if name.startswith(("bin/", "tests/", *package.TRANSLATIONS))]
    assert {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2} == set(
        package.AWS_SERVICES
    )


def test_it_is_far_from_the_limits(built: package.Package) -> None:
    assert built.unzipped < MAX_UNZIPPED_BYTES < package.AWS_MAX_UNZIPPED_BYTES
    assert built.zipped < built.unzipped


def test_the_same_sources_give_the_same_bytes(built: package.Package, sources: Path, tmp_path: Path) -> None:
    again = build(lambda_target(), tmp_path / "again.zip", sources)
    assert again.archive.read_bytes() == built.archive.read_bytes()


def test_each_module_has_its_bytecode_where_the_builder_has_lambdas_python(
    built: package.Package, names: list[str]
) -> None:
    compiled = {name for name in names if name.endswith(".cpython-313.pyc")}
    assert ("thermik/__pycache__/clock.cpython-313.pyc" in compiled) == built.has_bytecode
    assert bool(compiled) == built.has_bytecode


def test_a_package_past_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_UNZIPPED_BYTES", 1024)
    with pytest.raises(PackageError, match=r"unzips to \d"):
        build(lambda_target(), tmp_path / "large.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "carried"),
    [
        ("thermik/clock.py", True),
        ("thermik/ui/static/page.css", True),
        ("handlers/worker.py", True),
        ("thermik/cli/main.py", False),
        ("thermik/local/server.py", False),
        ("thermik/__pycache__/clock.cpython-311.pyc", False),
    ],
)
def test_what_is_carried(name: str, carried: bool) -> None:
    assert is_carried(name) is carried


def test_pruning_keeps_what_is_imported(tmp_path: Path) -> None:
    kept = ["botocore/data/dynamodb/service.json", "botocore/data/endpoints.json", "yaml/__init__.py"]
    gone = ["botocore/data/ec2/service.json", "bin/jp.py", "yaml/tests/test_it.py"]
    for name in [*kept, *gone]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    services = {"dynamodb": {"endpoints": {}}, "states": {}, "ec2": {}}
    endpoints = tmp_path / "botocore/data/endpoints.json"
    endpoints.write_text(json.dumps({"version": 3, "partitions": [{"partition": "aws", "services": services}]}))
    prune(tmp_path)
    [partition] = json.loads(endpoints.read_text())["partitions"]
    assert partition == {"partition": "aws", "services": {"dynamodb": {"endpoints": {}}, "states": {}}}
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == kept
