"""The paths and parameters of MAIL and RCPT (RFC 5321, 4.1.2)."""

from __future__ import annotations

import re

_PATH = re.compile(
    r"(?P<word>FROM|TO): ?<(?:@[^:>]+:)?(?P<address>[^<>\s]*|\"[^\"]*\"@[^<>\s]+)>"
    r"(?P<parameters>(?: +\S+)*) *",
    re.IGNORECASE,
)


class AddressError(Exception):
    """A path is malformed."""


def read_path(word: str, argument: str) -> tuple[str, dict[str, str]]:
    """Read what follows MAIL or RCPT.

    Args:
        word: `FROM` or `TO`.
        argument: All after the command.

    Returns:
        The address, `""` for `<>`, and the parameters by their names in capitals.

    Raises:
        AddressError: It is malformed.
    """
    found = _PATH.fullmatch(argument)
    if found is None or found["word"].upper() != word:
        raise AddressError
    pairs = (one.partition("=") for one in found["parameters"].split())
    address = found["address"]
    if address and "@" not in address.strip("@"):
        raise AddressError
    return address, {name.upper(): value for name, _, value in pairs}
