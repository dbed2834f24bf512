"""The command `python -m sandbox`: serve, fill, chat, say, press, mail, demo."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pipelines.runtime import clean_log_records, say_exactly
from pipelines.runtime import say as tell
from pipelines.text import known_secrets, mask_secrets, visible
from sandbox.addresses import read_addresses
from sandbox.control import Control
from sandbox.demo_command import demo
from sandbox.faults import SandboxError
from sandbox.fill.requests import CsvFill, Filled
from sandbox.fill.tables import TABLES
from sandbox.options import SQL_SERVERS, TOKEN, USER, Options
from sandbox.parameters import ADDRESSES, CATALOG, HOME, PATH, to_days
from sandbox.shards import Shard, read_shards, write_shards
from sandbox.shown_commands import chat, mail
from sandbox.talk_commands import press, say

_ALL = "all"
_PASSWORD = "SHARDLINE_SANDBOX_PASSWORD"  # noqa: S105 - the variable's name
_TOKEN = "SHARDLINE_SANDBOX_TOKEN"  # noqa: S105 - the same
_PORT = click.IntRange(0, 65_535)

# click leaves what follows a \b alone; elsewhere it fills the lines.
_SANDBOX_HELP = """\
SQL Server, Vertica, Telegram and a mail server on loopback, for demo and tests.

\b
python -m sandbox serve --luigid
python -m sandbox fill all --days 2019-03-11..2019-03-15
LUIGI_CONFIG_PATH=.sandbox/luigi.cfg shardline run all --date 2019-03-14
python -m sandbox chat
python -m sandbox say /status
python -m sandbox mail
"""
_SERVE_HELP = """\
Run three SQL Servers, a Vertica, a Bot API and a mail server until Ctrl-C.

The one account is `shardline`; its password is that of the environment
variable SHARDLINE_SANDBOX_PASSWORD, or `shardline`. The bot's token is that
of SHARDLINE_SANDBOX_TOKEN, or `1:sandbox`; its chats are -1001 and 1001.

\b
python -m sandbox serve
python -m sandbox serve --luigid --data .sandbox/data
python -m sandbox serve --ephemeral --addresses /run/user/1000/sandbox.json
"""
_FILL_HELP = """\
Put rows into the shards of a running sandbox: TABLE is orders, calls, rates or all.

With --days every shard gets made-up rows, in place of those it has on these days;
the same seed gives the same rows, calls and rates are about the orders of the same
days, and about one in 50 of a shard's days stays empty. With --csv the file's rows
replace all of the shards it names, which are created as needed. Nothing is filled
when anything is wrong.

\b
python -m sandbox fill all --days 2019-03-11..2019-03-15 --rows 500
python -m sandbox fill orders --csv trips.csv --shard-column pickup_zone \\
    --empty-shard "No zone" --map "id=row_number() OVER ()" \\
    --map start_time=pickup --map end_time=dropoff \\
    --map "type=CASE payment WHEN 'cash' THEN 1 ELSE 2 END" \\
    --map "data=md5(concat_ws('|', pickup, total))::UUID" \\
    --shards-out trips-shards.csv
"""


class _Commands(click.Group):
    """Turns every known fault into an exit code, and a text with nothing hidden."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.BadParameter as fault:  # it may tell of what is in a file
            text = _shown(fault.format_message())
            raise click.UsageError(text, fault.ctx) from None
        except (SandboxError, OSError) as fault:
            raise click.ClickException(_shown(str(fault))) from None


def _shown(text: str) -> str:
    return visible(mask_secrets(text), keep="\n")


@click.group(cls=_Commands, help=_SANDBOX_HELP, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Run the sandbox."""
    clean_log_records()
    if context.invoked_subcommand is None:
        say_exactly(context.get_help())


@main.command(help=_SERVE_HELP)
@click.option("--data", type=PATH, help="Keep the databases in this folder.")
@click.option("--memory", is_flag=True, help="Keep them in memory (the default).")
@click.option(
    "--home",
    type=PATH,
    default=HOME,
    show_default=True,
    help="Folder of luigi.cfg, and of luigid's state and logs.",
)
@click.option(
    "--addresses",
    type=PATH,
    help="File to write the addresses to.  [default: addresses.json in HOME]",
)
@click.option(
    "--shards",
    "shards_file",
    type=PATH,
    default=CATALOG,
    help="CSV of the shards: server, shard, time_zone.  [default: the catalog's]",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where the SQL Servers and Vertica listen; the others are on loopback.",
)
@click.option(
    "--mssql-port",
    type=click.IntRange(0, 65_533),
    default=14330,
    show_default=True,
    help="Port of the first SQL Server; the others follow. 0: free ones.",
)
@click.option(
    "--vertica-port",
    type=_PORT,
    default=5433,
    show_default=True,
    help="Vertica's. 0: a free one.",
)
@click.option(
    "--telegram-port",
    type=_PORT,
    default=8081,
    show_default=True,
    help="The Bot API's. 0: a free one.",
)
@click.option(
    "--smtp-port",
    type=_PORT,
    default=1025,
    show_default=True,
    help="The mail server's. 0: a free one.",
)
@click.option("--mail", type=PATH, help="Write each mail to a file in this folder.")
@click.option("--ephemeral", is_flag=True, help="Take free ports everywhere.")
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Vertica's LockTimeout, in seconds.",
)
@click.option("--luigid", is_flag=True, help="Start Luigi's scheduler too.")
@click.option(
    "--luigid-port",
    type=_PORT,
    default=8082,
    show_default=True,
    help="Its port. 0: a free one.",
)
@click.option(
    "--until-eof",
    is_flag=True,
    help="Stop when standard input ends, so as not to outlive a test.",
)
def serve(  # noqa: PLR0913 - one argument an option
    *,
    data: Path | None,
    memory: bool,
    home: Path,
    addresses: Path | None,
    shards_file: Path,
    host: str,
    mssql_port: int,
    vertica_port: int,
    telegram_port: int,
    smtp_port: int,
    mail: Path | None,
    ephemeral: bool,
    lock_timeout: float,
    luigid: bool,
    luigid_port: int,
    until_eof: bool,
) -> None:
    """Serve until told to stop."""
    if memory and data:
        raise click.UsageError("--memory and --data exclude each other")
    from sandbox.serve import serve as run  # noqa: PLC0415 - the others start faster

    options = Options(
        data=data,
        shards=read_shards(shards_file),
        host=host,
        mssql_port=0 if ephemeral else mssql_port,
        vertica_port=0 if ephemeral else vertica_port,
        telegram_port=0 if ephemeral else telegram_port,
        smtp_port=0 if ephemeral else smtp_port,
        password=os.environ.get(_PASSWORD, USER),
        token=os.environ.get(_TOKEN, TOKEN),
        mail=mail,
        lock_timeout=lock_timeout,
    )
    known_secrets().add(options.password, USER)
    known_secrets().add(options.token)
    run(
        options,
        home=home,
        addresses_file=addresses or home / "addresses.json",
        luigid_port=(0 if ephemeral else luigid_port) if luigid else None,
        until_eof=until_eof,
    )


@main.command(help=_FILL_HELP, no_args_is_help=True)
@click.argument("table", type=click.Choice([*TABLES, _ALL]))
@click.option("--days", help="Make rows up for these days: FIRST..LAST, or one day.")
@click.option(
    "--rows", default=200, show_default=True, help="Orders of a shard and day."
)
@click.option("--seed", default=7, show_default=True, help="Repeats the same rows.")
@click.option("--csv", "file", type=PATH, help="Take rows from this file instead.")
@click.option("--shard-column", help="Its column whose values name the shards.")
@click.option("--empty-shard", help="The shard of rows where that column is empty.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="TARGET=SQL",
    help="A column of the table from an SQL expression (DuckDB's) over the file's.",
)
@click.option(
    "--server",
    type=click.Choice(SQL_SERVERS),
    default=SQL_SERVERS[0],
    show_default=True,
    help="The SQL Server that gets the file's shards.",
)
@click.option("--shards-out", type=PATH, help="Write the list of shards made there.")
@ADDRESSES
def fill(  # noqa: PLR0913 - one argument an option
    *,
    table: str,
    days: str | None,
    rows: int,
    seed: int,
    file: Path | None,
    shard_column: str | None,
    empty_shard: str | None,
    maps: tuple[str, ...],
    server: str,
    shards_out: Path | None,
    addresses: Path,
) -> None:
    """Fill one table, or all."""
    if (days is None) == (file is None):
        raise click.UsageError("give either --days or --csv")
    if days and (maps or shard_column or empty_shard or shards_out):
        raise click.UsageError(
            "--map, --shard-column, --empty-shard and --shards-out go with --csv"
        )
    if file and table == _ALL:
        raise click.UsageError("--csv fills one table: name it")
    if empty_shard == "":
        raise click.UsageError("--empty-shard needs a name")
    if shards_out and not shards_out.parent.is_dir():
        raise click.UsageError(f"--shards-out: there is no folder {shards_out.parent}")
    with Control(read_addresses(addresses).control) as control:
        if file is None:
            for name in TABLES if table == _ALL else [table]:
                asked = to_days(days or "")
                _say(name, control.fill_samples(name, asked, rows=rows, seed=seed))
        elif shard_column is None:
            raise click.UsageError("--csv needs --shard-column")
        else:
            filled = control.fill_csv(
                CsvFill(
                    table=table,
                    file=str(file.absolute()),
                    shard_column=shard_column,
                    empty_shard=empty_shard,
                    mapping=_mapping(maps),
                    server=server,
                )
            )
            _say(table, filled)
            if shards_out:
                made = [Shard(server, name) for name in filled.shards]
                write_shards(shards_out, made)
                tell(f"shards written to {shards_out}")


def _say(table: str, filled: Filled) -> None:
    tell(
        f"{table}: {filled.rows:,} rows in {len(filled.shards):,} shards,"
        f" {filled.shard_days:,} shard days"
    )


def _mapping(maps: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for one in maps:
        target, equals, expression = one.partition("=")
        if not equals or not expression.strip():
            raise click.UsageError(f"--map {one}: write TARGET=SQL")
        if target in mapping:
            raise click.UsageError(f"--map {target} is given twice")
        mapping[target] = expression
    return mapping


main.add_command(chat)
main.add_command(say)
main.add_command(press)
main.add_command(mail)
main.add_command(demo)

if __name__ == "__main__":
    main()
