"""`shardline connections`."""

from __future__ import annotations

import sys

import click

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.screens import connection_tests
from pipelines.commands.screens import connections as listing
from pipelines.config import read_settings
from pipelines.runtime import ExitCode, print_json, say

CONNECTIONS_HELP = """List the connections, or some by NAME, and where each is from.

    \b
    Examples:
      shardline connections
      shardline connections --test
      shardline connections warehouse mail --test --json

    A connection is looked for in the environment variable SHARDLINE_CONNECTION_NAME,
    then as the file NAME in the folder that SHARDLINE_SECRETS names, then in
    [connections] of luigi.cfg, then in its section there. Secrets are shown as ***.

    \b
    Exit codes:
       0  with --test: every address answers
       2  wrong usage, or a connection is malformed
      30  with --test: an address does not answer
    """


@click.command(cls=AlsoOnEcs, help=CONNECTIONS_HELP)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--test", is_flag=True, help="Log in at each address and tell how it went."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def connections(names: tuple[str, ...], test: bool, as_json: bool) -> None:
    """List the connections, and test them."""
    found = listing.list_connections(read_settings(logins=False), names)
    addresses = [address for one in found for address in one.addresses]
    answers = list(connection_tests.check_connections(addresses)) if test else []
    if as_json:
        print_json(listing.connections_as_json(found, answers))
    else:
        lines = (
            listing.test_table(found, answers)
            if test
            else listing.connections_table(found)
        )
        for line in lines:
            say(line)
    if any(one.fault for one in found):
        sys.exit(ExitCode.USAGE)
    works = all(answer.ok for answer in answers)
    sys.exit(ExitCode.COMPLETE if works else ExitCode.FAILED)
