"""Commands on a real terminal, and what it shows."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import termios
from dataclasses import dataclass

from tests.kit import commands
from tests.kit.project import Project

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Screen:
    """What a command wrote on a terminal.

    Attributes:
        code: How it ended.
        lines: The lines as they are read.
        styles: The parameters of each escape sequence that sets a style.
    """

    code: int
    lines: list[str]
    styles: list[str]


def on_terminal(
    project: Project, *command: str, columns: int, **environment: str
) -> Screen:
    """Run a command with its standard output on a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    inherited = {
        name: value
        for name, value in project.environment().items()
        if name not in {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    }
    with commands.start(
        command,
        project.folder,
        {**inherited, "TERM": "xterm-256color", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=2,
    ) as process:
        os.close(theirs)
        written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    text = written.decode()
    lines = ESCAPE.sub("", text).replace("\r\n", "\n").splitlines()
    return Screen(process.returncode, lines, ESCAPE.findall(text))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # on Linux the end of the last writer is an error of reading
        return b""
