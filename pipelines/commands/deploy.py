"""`shardline deploy`: what is wrong with a deployment, before AWS is asked."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import SecretStr

from pipelines.commands.on_ecs import DatabaseAlsoOnEcs
from pipelines.config import read_session_options
from pipelines.deploy import (
    parameter_faults,
    parameter_values,
    planned_resources,
    read_parameters,
    template_faults,
)
from pipelines.errors import ConfigurationError
from pipelines.etl_db import create_etl_database
from pipelines.runtime import ExitCode, print_line, say

CHECK_HELP = """Tell what is wrong with a deployment; AWS is not asked.

    \b
    Examples:
      shardline deploy check
      shardline deploy check --parameters production.json --secrets secrets.json

    It reads the template, its parameters, the luigi.cfg of the image, and the file that
    becomes the secret, if it is given. It finds parameters that CloudFormation would
    refuse, references that lead nowhere, images that may change, schedules that AWS
    would refuse, commands that `shardline` does not take, variables that luigi.cfg asks
    for and no container gets, and what `shardline` itself finds wrong in its options.

    \b
    Exit codes:
       0  nothing is wrong, and what schedules and services start is listed
       2  something is wrong, a line each
    """

DATABASE_HELP = """Make the ETL database and its user, once.

    \b
    Examples:
      shardline deploy database --on ecs
      SHARDLINE_ETL_MASTER=postgres SHARDLINE_ETL_MASTER_PASSWORD=... \\
          shardline deploy database

    [sessions] database names the user, its password and the database, which belongs to
    that user alone. The server's master, whom the environment names, makes them. What
    is there stays: a new password is taken over, and no row is touched.

    \b
    Exit codes:
       0  it is there
       2  something is to be corrected
      30  the server does not answer, or refuses the login
    """

_FILE = click.Path(path_type=Path, dir_okay=False)
_SHARED = "ConnectionsSecret"
_MASTER = ("SHARDLINE_ETL_MASTER", "SHARDLINE_ETL_MASTER_PASSWORD")


@click.group()
def deploy() -> None:
    """The way to AWS Fargate; docs/deploy.md leads through it."""


@deploy.command(help=CHECK_HELP)
@click.option(
    "--template",
    type=_FILE,
    default="deploy/shardline.yaml",
    show_default=True,
    help="The CloudFormation template.",
)
@click.option(
    "--parameters",
    "given",
    type=_FILE,
    default="deploy/parameters.json",
    show_default=True,
    help="Its parameters, as the AWS CLI takes them.",
)
@click.option(
    "--config",
    type=_FILE,
    default="deploy/luigi.cfg",
    show_default=True,
    help="The luigi.cfg that the image has over the one beside the code.",
)
@click.option(
    "--secrets",
    type=_FILE,
    help="The file that becomes ConnectionsSecret; without it, its keys are not seen.",
)
@click.pass_context
def check(
    context: click.Context, template: Path, given: Path, config: Path, secrets: Path
) -> None:
    """Tell what is wrong."""
    shardline = context.find_root().command
    try:
        from pipelines.deploy import load_template, stack  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ConfigurationError(
            "PyYAML is not installed", step="pip install 'shardline[deploy]'"
        ) from None
    from pipelines.deploy import configuration_faults, read_secrets  # noqa: PLC0415 - needs it, too

    written = load_template(template)
    values = read_parameters(given)
    deployed = stack(written, parameter_values(written, values))
    keys = read_secrets(secrets) if secrets else None

    def found() -> Iterator[str]:
        yield from parameter_faults(written, values)
        yield from template_faults(deployed, shardline)
        yield from configuration_faults(
            deployed, config, keys, values.get(_SHARED, _SHARED)
        )

    faults = list(dict.fromkeys(found()))
    for fault in faults:
        print_line(fault, level=logging.ERROR, err=True)
    if faults:
        sys.exit(ExitCode.USAGE)
    for one in planned_resources(deployed):
        say(one.name, one.when, f"shardline {' '.join(one.command)}")


@deploy.command(help=DATABASE_HELP, cls=DatabaseAlsoOnEcs)
def database() -> None:
    """Make the ETL database."""
    try:
        master, password = (os.environ[name] for name in _MASTER)
    except KeyError as error:
        raise ConfigurationError(
            f"environment variable {error.args[0]} is not set",
            step="put the login of the server's master there, or add --on ecs",
        ) from None
    url = read_session_options().database
    say(create_etl_database(url, master, SecretStr(password)))
