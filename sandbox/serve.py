"""A sandbox in the foreground: found by its files, stopped by a signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table

from pipelines.runtime import say
from pipelines.text import Console
from sandbox.addresses import authority_file
from sandbox.launch import Sandbox
from sandbox.luigid import STATE, Luigid
from sandbox.private_files import refuse_link

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.addresses import Addresses
    from sandbox.options import Options


def serve(
    options: Options,
    *,
    home: Path,
    addresses_file: Path,
    luigid_port: int | None,
    until_eof: bool,
) -> None:
    """Run a sandbox until SIGINT, SIGTERM or a client's request to stop.

    Args:
        options: What it is made of.
        home: The folder of `luigi.cfg`, and of luigid's state and logs.
        addresses_file: The file to write the addresses to, removed at the end.
        luigid_port: Where to start luigid, 0 for a free port; None not to.
        until_eof: Whether to stop at the end of standard input too.

    Raises:
        PortTakenError: A port is in use.
        LuigidError: luigid did not start.
        LinkedFolderError: `home` is a link.
    """
    started = time.monotonic()
    os.umask(0o077)
    refuse_link(home)
    luigi_cfg = home / "luigi.cfg"
    with ExitStack() as running:
        sandbox = Sandbox(options)
        _stop_on_signals(sandbox)
        if until_eof:
            _stop_on_eof(sandbox)
        luigid = None
        if luigid_port is not None:
            # It is a pickle, and who makes one may have anything done by its reader.
            (home / STATE).unlink(missing_ok=True)
            luigid = running.enter_context(Luigid(home, port=luigid_port)).address
        running.enter_context(sandbox)
        found = replace(sandbox.addresses, luigid=luigid)
        running.callback(_remove, addresses_file, luigi_cfg, authority_file(luigi_cfg))
        found.write_luigi_cfg(luigi_cfg)
        found.write(addresses_file)
        _show(found, addresses_file, luigi_cfg)
        seconds = time.monotonic() - started
        say(f"ready: {len(options.shards)} databases in {seconds:.2f} s")
        sandbox.wait()


def _stop_on_signals(sandbox: Sandbox) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sandbox.ask_to_stop())


def _stop_on_eof(sandbox: Sandbox) -> None:
    def read() -> None:
        # The buffered stream has a lock, which a thread that waits in it at the end
        # of the process would still hold.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        sandbox.ask_to_stop()

    threading.Thread(target=read, name="until eof", daemon=True).start()


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _show(found: Addresses, addresses: Path, luigi_cfg: Path) -> None:
    lines = [(name, f"{at.host}:{at.port}") for name, at in found.mssql.items()]
    vertica = found.vertica
    lines.append(("vertica", f"{vertica.host}:{vertica.port}/{found.database}"))
    lines.append(("telegram", f"http://{found.telegram.host}:{found.telegram.port}"))
    lines.append(("smtp", f"{found.smtp.host}:{found.smtp.port}"))
    if found.luigid:
        lines.append(("luigid", f"http://{found.luigid.host}:{found.luigid.port}"))
    lines.append(("addresses", str(addresses)))
    lines.append(("LUIGI_CONFIG_PATH", str(luigi_cfg)))
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(name, value)
    if sys.stdout.isatty():
        Console().print(table)
    else:
        for name, value in lines:
            say(f"{name} {value}")
