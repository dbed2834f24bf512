"""Passwords: kept as digests, asked for and compared as the protocol does.

MD5 hashes the password with the user's name, SHA-512 with a salt of the user's; both
once more with a salt of the connection. Sources: vertica-python's `password` module,
and the Vertica documentation, "Hash authentication".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

Algorithm = Literal["MD5", "SHA512"]

SALT_LENGTH = 16
_MD5_LENGTH = 32


@dataclass(frozen=True)
class Credential:
    """What is kept of a password.

    Args:
        algorithm: How the next password will be hashed.
        salt: The user's, of SHA512.
        digest: In hexadecimal.
        expired: It must be changed before the next login.
    """

    algorithm: Algorithm
    salt: bytes
    digest: str
    expired: bool = False

    @property
    def hashed_by(self) -> Algorithm:
        """How this password was hashed."""
        return "MD5" if len(self.digest) == _MD5_LENGTH else "SHA512"

    def accepts(self, user: str, password: str) -> bool:
        """Whether a password sent in clear is the right one."""
        found = _digest(self.hashed_by, password, user, self.salt)
        return hmac.compare_digest(found, self.digest)

    def answers(self, answer: bytes, salt: bytes) -> bool:
        """Whether a client hashed the right password with the connection's salt."""
        name = self.hashed_by.lower()
        whole = hashlib.new(name, self.digest.encode() + salt).hexdigest()
        return hmac.compare_digest(answer, f"{name}{whole}".encode())


def make_credential(algorithm: Algorithm, user: str, password: str) -> Credential:
    """Hash a new password."""
    salt = secrets.token_bytes(SALT_LENGTH)
    return Credential(algorithm, salt, _digest(algorithm, password, user, salt))


def _digest(algorithm: Algorithm, password: str, user: str, salt: bytes) -> str:
    added = user.encode() if algorithm == "MD5" else salt
    return hashlib.new(algorithm.lower(), password.encode() + added).hexdigest()
