"""The parameters of a call, however they came: query, form, JSON or multipart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.message import Message as Headers
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ATTACHED = "attach://"
_TRUE = ("true", "yes", "1")


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True)
class Parameters:
    """What a call says.

    Attributes:
        values: By name: text, or what JSON carried.
        uploads: Files by the name of their part.
        is_gone: Tells whether who called waits for the answer no more.
    """

    values: Mapping[str, Any]
    uploads: Mapping[str, Upload]
    is_gone: Callable[[], bool] = lambda: False

    def names(self) -> set[str]:
        """Return the names of all that came; files too, but for attached ones."""
        told = (one for one in self.values.values() if isinstance(one, str))
        attached = {
            one.removeprefix(_ATTACHED) for one in told if one.startswith(_ATTACHED)
        }
        return {*self.values, *(self.uploads.keys() - attached)}

    def upload(self, name: str) -> Upload | None:
        """Return a file that came under a name, or is attached there; or None."""
        if name in self.uploads:
            return self.uploads[name]
        told = self.text(name)
        attached = told.removeprefix(_ATTACHED)
        return self.uploads.get(attached) if attached != told else None

    def text(self, name: str) -> str:
        """Return a text, `""` if it did not come.

        Raises:
            ApiError: 400, it is not Unicode.
        """
        value = self.values.get(name, "")
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
        return text

    def integer(self, name: str) -> int:
        """Return a whole number, 0 if it did not come or is none."""
        try:
            return int(self.text(name))
        except ValueError:
            return 0

    def between(self, name: str, least: int, most: int, *, usual: int) -> int:
        """Return a whole number, or the nearest of those allowed.

        Args:
            name: Its name.
            least: The least allowed.
            most: The most allowed.
            usual: What it is if it did not come.
        """
        number = self.integer(name) if self.text(name) else usual
        return min(max(number, least), most)

    def flag(self, name: str) -> bool:
        """Return whether something was asked for."""
        return self.text(name).lower() in _TRUE

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return what JSON in a field stands for, None if it did not come.

        Raises:
            ApiError: 400, it is not JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except (ValueError, RecursionError):
            raise bad_request(f"can't parse {name} JSON object") from None


def read_parameters(
    query: str, content_type: str, body: bytes, is_gone: Callable[[], bool]
) -> Parameters:
    """Read the parameters of one call; `is_gone` goes with them.

    Raises:
        ApiError: 400, the body is not what its type says.
    """
    values: dict[str, Any] = {}
    uploads: dict[str, Upload] = {}
    headers = Headers()
    headers["Content-Type"] = content_type or "application/x-www-form-urlencoded"
    try:
        values.update(_form(query))
        match headers.get_content_type():
            case "application/json":
                values.update(_object(body))
            case "multipart/form-data":
                boundary = str(headers.get_param("boundary", ""))
                for name, upload in _parts(body, boundary):
                    if upload.name:
                        uploads[name] = upload
                    else:
                        values[name] = upload.content.decode()
            case "application/x-www-form-urlencoded":
                values.update(_form(body.decode()))
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return Parameters(values, uploads, is_gone)


def _form(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="strict")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError):
        raise bad_request("can't parse request body as JSON") from None
    if not isinstance(value, dict):
        raise bad_request("can't parse request body as JSON: object expected")
    return value


def _parts(body: bytes, boundary: str) -> list[tuple[str, Upload]]:
    """Split a multipart body (RFC 7578); bytes between boundaries stay as they are."""
    if not boundary:
        raise bad_request("boundary not found in multipart form")
    delimiter = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004 - both ends
        raise bad_request("can't find the end of the multipart form")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[str, Upload]:
    head, _, content = piece.partition(b"\r\n\r\n")
    headers = HeaderParser().parsestr(head.decode().lstrip("\r\n"))
    name = headers.get_param("name", "", "content-disposition")
    upload = Upload(headers.get_filename(""), headers.get_content_type(), content)
    return collapse_rfc2231_value(name), upload
