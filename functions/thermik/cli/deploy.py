"""`thermik deploy`: the stack on AWS, made or brought up to date from a checkout.

What builds the package and speaks with CloudFormation is `infra/`, which belongs to the checkout and is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import thermik
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.storage.errors import Unavailable

NEEDED = ("template.yaml", "infra/deploy.py", "requirements/lambda.lock")


@click.command(
    "deploy",
    epilog=examples(
        "thermik deploy --region eu-west-1",
        "thermik deploy --stack orders --parameter DataRetentionDays=90 --parameter AlarmTopicArn=arn:aws:sns:…",
    ),
)
@click.option("--stack", default="thermik", show_default=True, help="The CloudFormation stack's name.")
@click.option("--region", help="Where; by default what AWS_REGION or the profile says.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Of template.yaml; others keep their value."
)
@click.option("--bucket", help="Where the package goes; by default one for this account and region, made if need be.")
def deploy(stack: str, region: str | None, parameters: Sequence[str], bucket: str | None) -> None:
    """Put Thermik on AWS, or bring it up to date."""
    given = dict(map(_parameter, parameters))
    root = checkout(Path(thermik.__file__).resolve().parents[2])
    for name, value in _on_aws(lambda: _deploy(root, stack, region, given, bucket)).items():
        click.echo(f"{name:20} {value}")


def checkout(root: Path) -> Path:
    """The root of a checkout, from where `infra` can be imported. Raises: CommandFailed."""
    missing = [name for name in NEEDED if not (root / name).is_file()]
    if missing:
        raise CommandFailed(f"Deploying needs a checkout of Thermik, and {root} has no {missing[0]}")
    if str(root) not in sys.path:  # the package that is installed has no `infra`
        sys.path.insert(0, str(root))
    return root


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value


def _on_aws(work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Carry out what speaks with AWS; each refusal as one line for who must act."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise CommandFailed("Deploying needs botocore: pip install 'thermik[aws]'") from None
    try:
        return work()
    except Unavailable as error:
        raise CommandFailed(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        from thermik.storage.aws import advice, error_code

        raise CommandFailed(f"AWS cannot be used: {advice(error_code(error))} ({error})") from error


def _deploy(
    root: Path, stack: str, region: str | None, parameters: dict[str, str], bucket: str | None
) -> dict[str, str]:
    from thermik.storage.aws import create_client

    infra, package = import_module("infra.deploy"), import_module("infra.package")
    clients = {name: create_client(name, region=region) for name in ("sts", "s3", "cloudformation")}
    account = clients["sts"].get_caller_identity()["Account"]  # the cheapest call: credentials, before the work
    try:
        _say("Building the package")
        archive = package.build(package.lambda_target()).archive
        deployment = infra.Deployment(
            stack=stack,
            template=(root / "template.yaml").read_text(),
            archive=archive,
            parameters=parameters,
            bucket=bucket or infra.default_bucket(account, clients["s3"].meta.region_name),
            owner=None if bucket else account,
        )
        outputs: dict[str, Any] = infra.deploy(
            deployment, s3=clients["s3"], cloudformation=clients["cloudformation"], tell=_say
        )
    except (infra.DeployError, package.PackageError) as error:
        raise CommandFailed(str(error)) from error
    return outputs


def _say(step: str) -> None:
    click.echo(f"{step} …", err=True)
