"""Builds the zip that all Lambda functions carry: locked dependencies and our own code, nothing else.

    lock ──install──▶ site ──prune──compile──▶ (cached by the lock's hash)
                                                  │
    functions/ ──select──compile──────────────────┴──▶ one zip, the same bytes for the same sources

Lambda cannot write bytecode beside the code, so without it every cold start would compile all
that it imports. It is put in where the builder has the Python version that the functions run on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.interpreters import find_python

REPOSITORY = Path(__file__).resolve().parents[1]
CACHE = REPOSITORY / ".cache" / "lambda"
ARCHIVE = REPOSITORY / "build" / "lambda.zip"
LOCK = REPOSITORY / "requirements" / "lambda.lock"

LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
"""Wheels that run on Amazon Linux 2023 (glibc 2.34) on arm64; pip does not derive the older ones from the newest."""

MEBIBYTE = 1024 * 1024
AWS_MAX_UNZIPPED_BYTES = 250 * MEBIBYTE
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (deployment package, unzipped)"""
MAX_UNZIPPED_BYTES = 60 * MEBIBYTE
"""Our own bound: what grows past it makes cold starts slower and deserves a decision."""

LOCAL_ONLY = ("thermik/cli/", "thermik/local/")
"""What only a laptop uses; import-linter sees to it that nothing else imports these."""

AWS_SERVICES = ("dynamodb", "s3", "scheduler", "secretsmanager", "stepfunctions", "sts")
"""The services whose descriptions are kept of botocore's four hundred (25 of its 30 MB)."""

ENDPOINT_NAMES = frozenset({*AWS_SERVICES, "states"})
"""The same services as botocore's list of endpoints calls them: Step Functions by its address."""

TRANSLATIONS = ("holidays/locale",)
"""What holidays are called in which language: only their dates are asked for."""

PAGES = ("aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",)
"""A page that powertools can serve, and that we do not."""

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: dates of files would make each build differ."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the package is for.

    Attributes:
        python: the version that will import it, as `3.13`.
        installer: the interpreter whose pip installs the dependencies.
        compiler: an interpreter of that version, for the bytecode; None leaves it out.
        platforms: wheel tags of another platform; empty: this machine.
    """

    python: str
    installer: Path
    compiler: Path | None
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """A built package and its sizes in bytes."""

    archive: Path
    zipped: int
    unzipped: int
    has_bytecode: bool


class PackageError(Exception):
    """The package cannot be built or would not be accepted; the message says what to do."""


def lambda_target() -> Target:
    """What runs on AWS: Python 3.13 on arm64."""
    return Target(LAMBDA_PYTHON, Path(sys.executable), find_python(LAMBDA_PYTHON), LAMBDA_PLATFORMS)


def build(target: Target, archive: Path = ARCHIVE, functions: Path = REPOSITORY / "functions") -> Package:
    """Build the zip; equal sources, lock and Python give equal bytes.

    Raises:
        PackageError: a dependency has no wheel for the target, or the package is too large.
    """
    site = install_dependencies(target)
    with tempfile.TemporaryDirectory(prefix="thermik-package-") as staging:
        own = Path(staging)
        _copy_own_code(functions, own)
        _compile(target, own)
        files = _files(site) | _files(own)
        unzipped = sum(path.stat().st_size for path in files.values())
        if unzipped > MAX_UNZIPPED_BYTES:
            raise PackageError(
                f"The package unzips to {unzipped / MEBIBYTE:.1f} MiB, more than our {MAX_UNZIPPED_BYTES // MEBIBYTE}"
                f" (AWS refuses {AWS_MAX_UNZIPPED_BYTES // MEBIBYTE}): see what requirements/lambda.lock brought in"
            )
        _write_zip(files, archive)
    return Package(archive, archive.stat().st_size, unzipped, has_bytecode=target.compiler is not None)


def build_own(target: Target, archive: Path, functions: Path = REPOSITORY / "functions") -> Path:
    """Zip our own code alone, for whoever has the dependencies already: an emulator that unpacks it at every start."""
    with tempfile.TemporaryDirectory(prefix="thermik-package-") as staging:
        own = Path(staging)
        _copy_own_code(functions, own)
        _compile(target, own)
        _write_zip(_files(own), archive)
    return archive


def install_dependencies(target: Target, lock: Path = LOCK, cache: Path = CACHE) -> Path:
    """The folder of the locked dependencies, pruned and compiled; made once for each lock and target.

    Several processes may ask at once: each makes its own, the first to finish puts it in place.
    """
    site = cache / _cache_key(target, lock)
    if site.is_dir():
        return site
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=cache) as folder:
        fresh = Path(folder) / "site"
        _pip_install(target, lock, fresh)
        prune(fresh)
        _compile(target, fresh)
        try:
            fresh.rename(site)
        except OSError:  # another process was first: what it made is the same
            if not site.is_dir():
                raise
    return site


def prune(site: Path) -> None:
    """Remove what no function uses: console scripts, tests, translations, descriptions of other AWS services."""
    for folder in ("bin", *TRANSLATIONS):
        shutil.rmtree(site / folder, ignore_errors=True)
    for page in (path for pattern in PAGES for path in site.glob(pattern)):
        page.unlink()
    for data in sorted((site / "botocore" / "data").glob("*/")):
        if data.name not in AWS_SERVICES:
            shutil.rmtree(data)
    for examples in sorted((site / "botocore" / "data").glob("*/*/examples-1.json")):
        examples.unlink()
    _prune_endpoints(site / "botocore" / "data" / "endpoints.json")
    for tests in sorted(site.glob("*/tests/")):
        shutil.rmtree(tests)


def _prune_endpoints(path: Path) -> None:
    """Keep the addresses of the services that are used: the first client of each cold start reads the whole file."""
    if not path.exists():
        return
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        kept = {name: each for name, each in partition["services"].items() if name in ENDPOINT_NAMES}
        partition["services"] = kept
    path.write_text(json.dumps(endpoints, separators=(",", ":")))


def is_carried(name: str) -> bool:
    """Whether a file of `functions/`, named from there (`thermik/clock.py`), belongs into the package."""
    return "__pycache__/" not in name and not name.startswith(LOCAL_ONLY)


def _cache_key(target: Target, lock: Path) -> str:
    # with this module's text: what it prunes is part of what is cached
    told = [target.python, *target.platforms, str(target.compiler), *AWS_SERVICES, Path(__file__).read_text()]
    digest = hashlib.sha256("\n".join(told).encode() + lock.read_bytes()).hexdigest()
    return f"{target.python}-{'-'.join(target.platforms[:1]) or 'host'}-{digest[:16]}"


def _pip_install(target: Target, lock: Path, folder: Path) -> None:
    command = [str(target.installer), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # no source is built and nothing resolved: the package is what the lock says, whoever builds it
    command += ["--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:", "--target", str(folder)]
    for platform in target.platforms:
        command += ["--platform", platform]
    if target.platforms:
        command += ["--python-version", target.python, "--implementation", "cp"]
    done = subprocess.run([*command, "--requirement", str(lock)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"pip could not install {lock.name} for Python {target.python}:\n{done.stderr.strip()}")


def _copy_own_code(functions: Path, destination: Path) -> None:
    for name, path in _files(functions).items():
        if is_carried(name):
            copy = destination / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _compile(target: Target, folder: Path) -> None:
    """Bytecode that is trusted without a look at the source's date, and that names the paths on Lambda."""
    if target.compiler is None:
        return
    command = [str(target.compiler), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", "/var/task", str(folder)]
    environment = os.environ | {"PYTHONHASHSEED": "0"}  # the order of sets would differ from build to build
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise PackageError(f"Python {target.python} could not compile the package:\n{done.stdout.strip()}")


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _write_zip(files: dict[str, Path], archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_name(f"{archive.name}.{os.getpid()}")  # who reads the archive never sees half of it
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16  # readable by the functions' user, whatever the umask was here
            bundle.writestr(entry, files[name].read_bytes())
    unfinished.replace(archive)


def main() -> None:
    """Build the package for AWS and print its size."""
    try:
        package = build(lambda_target())
    except PackageError as error:
        sys.exit(str(error))
    sizes = f"{package.zipped / MEBIBYTE:.1f} MiB, unzipped {package.unzipped / MEBIBYTE:.1f} MiB"
    print(f"{package.archive.relative_to(REPOSITORY)}: {sizes} (bound {MAX_UNZIPPED_BYTES // MEBIBYTE} MiB)")
    if not package.has_bytecode:
        print(
            f"No Python {LAMBDA_PYTHON} found: built without bytecode; cold starts will take longer.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
