"""The sender that goes along with a run, as a process of its own.

A process rather than a thread: it shares no lock with the loads that are forked
meanwhile, no defect of it can hold up or fail the run, and it outlives the run. It
learns of the run's end from its standard input, which ends however the run does; so it
sends what a killed run has left, too.
"""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache

from pipelines.alerts.recorder import run_id
from pipelines.alerts.sending.sender import Sender
from pipelines.config import Settings, current_settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine
from pipelines.runtime import stopper
from pipelines.warehouse import cached_markers

logger = logging.getLogger(__name__)

LONGER = 2.0
"""Seconds that the run waits beyond its patience, for the process to end by itself."""


def start_sender(settings: Settings) -> None:
    """Start the sender of this run, once; the run does its work if there is no channel.

    To be called before any child is forked. The run waits for the sender when it ends,
    for as long as `[alerts] patience` says. Never raises.
    """
    if settings.alerts.channels:
        _start(settings.alerts.patience)
    else:
        _keep_up_at_exit()


@cache
def _keep_up_at_exit() -> None:
    atexit.register(_keep_up, os.getpid())


def _keep_up(owner: int) -> None:
    """Group what failed, end what is mended, and forget what is old: nobody else does.

    Who is in a hurry leaves it to the next run.
    """
    if os.getpid() != owner or stopper().number:
        return
    try:
        settings = current_settings()
        cached_markers(settings.warehouse).tries = None
        Sender(settings, etl_engine(settings.sessions.database), ()).keep_up()
    except (ShardlineError, KeyboardInterrupt) as error:
        logger.info("the next run makes incidents of what failed: %s", error)


@cache
def _start(patience: float) -> None:
    command = [sys.executable, "-P", "-m", "pipelines", "alerts", "send"]
    command += ["--follow", "--run", str(run_id())]
    try:
        # A session of its own: Ctrl-C in a terminal ends the run, and not the sender.
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        logger.warning("alerts are not sent during this run: %s", error)
        return
    atexit.register(_finish, process, os.getpid(), patience + LONGER)


def _finish(process: subprocess.Popen[bytes], owner: int, patience: float) -> None:
    """Tell the sender that the run has ended, and let it send what is left."""
    if os.getpid() != owner or process.stdin is None:
        return
    with suppress(OSError):
        # Said in so many words: a child that outlives us would keep the pipe open.
        process.stdin.write(b"\n")
        process.stdin.close()
    try:
        process.wait(stopper().left(patience))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        # What it has not sent is in the outbox.
        process.kill()
        process.wait()


def end_of_run() -> threading.Event:
    """What is set when the run that this process follows has ended."""
    ended = threading.Event()

    def listen() -> None:
        # Past sys.stdin, whose lock a thread that waits would keep at our own end.
        os.read(0, 1)
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    return ended
