"""How large a picture is, by the head of its file."""

from __future__ import annotations

from sandbox.telegram.errors import bad_request

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_GIF = b"GIF8"
_BMP = b"BM"
# The markers of JPEG that begin a frame, and those without a length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})
_LONGEST_SIDES = 10_000  # width and height together
_STRANGEST_RATIO = 20


def size_of(picture: bytes) -> tuple[int, int]:
    """Return the width and the height of a picture that Telegram takes as a photo.

    Raises:
        ApiError: 400, it takes it not.
    """
    width, height = _size(picture)
    if not width or not height:
        raise bad_request("IMAGE_PROCESS_FAILED")
    ratio = max(width, height) / min(width, height)
    if width + height > _LONGEST_SIDES or ratio > _STRANGEST_RATIO:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _size(picture: bytes) -> tuple[int, int]:
    if picture.startswith(_PNG) and picture[12:16] == b"IHDR":
        return _big(picture[16:20]), _big(picture[20:24])
    if picture.startswith(_GIF):
        return _little(picture[6:8]), _little(picture[8:10])
    if picture.startswith(_BMP):
        return _little(picture[18:22]), _little(picture[22:26])
    return _size_of_jpeg(picture) if picture.startswith(_JPEG) else (0, 0)


def _size_of_jpeg(picture: bytes) -> tuple[int, int]:
    at = len(_JPEG)
    while picture[at : at + 1] == b"\xff" and at + 9 <= len(picture):
        marker = picture[at + 1]
        if marker in _FRAMES:
            return _big(picture[at + 7 : at + 9]), _big(picture[at + 5 : at + 7])
        at += 2 if marker in _BARE else 2 + _big(picture[at + 2 : at + 4])
    return 0, 0


def _big(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _little(octets: bytes) -> int:
    return int.from_bytes(octets, "little")
