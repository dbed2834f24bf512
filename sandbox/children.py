"""The end of a child process."""

from __future__ import annotations

import subprocess


def stop(
    child: subprocess.Popen[str] | subprocess.Popen[bytes], *, patience: float
) -> None:
    """Ask a child to end, wait for it, and close its pipes.

    Args:
        child: It may have ended already.
        patience: Seconds until it is killed.
    """
    child.terminate()
    try:
        child.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
