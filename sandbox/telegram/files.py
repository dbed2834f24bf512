"""The files in chats: their bytes, and the links by which a bot gets them."""

from __future__ import annotations

import mimetypes
import re
import uuid
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sandbox.telegram.chats import File
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.limits import LARGEST_DOWNLOAD
from sandbox.telegram.method import Method
from sandbox.telegram.pictures import size_of

if TYPE_CHECKING:
    from sandbox.telegram.chats import FileKind
    from sandbox.telegram.clock import Clock
    from sandbox.telegram.parameters import Parameters, Upload

_MOST_OCTETS = 256 << 20
_MOST_FILES = 10_000
_LINK_LASTS = 60 * 60  # seconds
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}")
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Document:
    """A document that a person sends.

    Attributes:
        name: As the person's client tells it.
        path: The file to send; `""` to tell of one of `size` that is not there.
        size: In octets.
        mime_type: As the client tells it; by the name, if it is empty.
    """

    name: str
    path: str = ""
    size: int = 0
    mime_type: str = ""


@dataclass
class _Kept:
    file: File
    path: str
    content: bytes | None
    linked_until: float = 0.0


class Files:
    """All files of one bot's chats. Not thread-safe.

    The oldest are forgotten: of more than 10,000 all, of more than 256 MiB the bytes.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with none."""
        self._clock = clock
        self._numbers = count(1)
        self._kept: dict[str, _Kept] = {}
        self._paths: dict[str, _Kept] = {}

    def methods(self) -> list[Method]:
        """Return the methods."""
        return [Method("getFile", self._get_file, {"file_id"})]

    def keep(self, kind: FileKind, upload: Upload) -> File:
        """Keep what the bot sends."""
        width, height = size_of(upload.content) if kind == "photo" else (0, 0)
        size = len(upload.content)
        file = File(_new_id(), kind, upload.name, upload.mime_type, size, width, height)
        return self._add(file, upload.content)

    def receive(self, document: Document) -> File:
        """Keep what a person sends; of what no bot can get, the size alone.

        Raises:
            OSError: The file cannot be read.
            ValueError: The document is empty.
        """
        path = Path(document.path) if document.path else None
        size = path.stat().st_size if path else document.size
        if size <= 0:
            raise ValueError("an empty document cannot be sent")
        content = path.read_bytes() if path and size <= LARGEST_DOWNLOAD else None
        mime_type = document.mime_type or _guessed(document.name)
        file = File(_new_id(), "document", document.name, mime_type, size)
        return self._add(file, content)

    def find(self, file: str) -> File | None:
        """Return a file by its id, None if there is none of that id."""
        kept = self._kept.get(file)
        return kept.file if kept else None

    def content(self, file: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            KeyError: There is none of that id, or its bytes are not kept.
        """
        kept = self._kept.get(file)
        if kept is None or kept.content is None:
            raise KeyError(f"the bytes of file {file} are not kept")
        return kept.content

    def linked(self, path: str) -> bytes:
        """Return the bytes of the file that a link leads to.

        Raises:
            ApiError: 404, it leads to none, or not any more.
        """
        kept = self._paths.get(path)
        if not kept or kept.content is None or kept.linked_until <= self._clock.now():
            raise ApiError(404, "Not Found")
        return kept.content

    def _add(self, file: File, content: bytes | None) -> File:
        suffix = PurePosixPath(file.name).suffix
        ending = suffix if _SUFFIX.fullmatch(suffix) else ""
        path = f"{file.kind}s/file_{next(self._numbers)}{ending}"
        self._kept[file.id] = self._paths[path] = _Kept(file, path, content)
        if len(self._kept) > _MOST_FILES:
            oldest = self._kept.pop(next(iter(self._kept)))
            del self._paths[oldest.path]
        self._forget_the_oldest()
        return file

    def _forget_the_oldest(self) -> None:
        octets = 0
        for kept in reversed(self._kept.values()):
            octets += len(kept.content or b"")
            if octets > _MOST_OCTETS:
                kept.content = None

    def _get_file(self, call: Parameters) -> dict[str, Any]:
        if not call.text("file_id"):
            raise bad_request("invalid file_id")
        kept = self._kept.get(call.text("file_id"))
        if kept is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        file = kept.file
        if file.size > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        kept.linked_until = self._clock.now() + _LINK_LASTS
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": file.size,
            "file_path": kept.path,
        }


def _new_id() -> str:
    return uuid.uuid4().hex


def _guessed(name: str) -> str:
    return mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE
