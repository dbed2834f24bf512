"""Files that only their owner may read, and that no link leads elsewhere."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

from sandbox.faults import SandboxError

if TYPE_CHECKING:
    from pathlib import Path


class LinkedFolderError(SandboxError):
    """A folder is a link, which somebody else may have put there."""


def private_folder(path: Path) -> None:
    """Make a folder, unless it is there.

    Raises:
        LinkedFolderError: It is a symbolic link.
    """
    refuse_link(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def refuse_link(path: Path) -> None:
    """See that a folder is none that leads elsewhere.

    Raises:
        LinkedFolderError: It is a symbolic link.
    """
    if path.is_symlink():
        raise LinkedFolderError(
            f"{path} is a symbolic link, and leads elsewhere; remove it, or name the"
            " folder itself"
        )


def new_file(path: Path, mode: str = "x", **options: Any) -> IO[Any]:  # noqa: ANN401
    """Open a file to be written, in the place of what is there.

    Args:
        path: The file.
        mode: `x`, or `xb`.
        **options: As for `open`.
    """
    path.unlink(missing_ok=True)
    return open(path, mode, opener=_private, **options)


def replace_file(path: Path, octets: bytes) -> None:
    """Write a file all at once: whoever reads it sees the old one or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with new_file(draft, "xb") as file:
        file.write(octets)
    draft.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
