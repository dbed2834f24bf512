"""C kernels and their Cython face: rows of a source as Vertica's NATIVE octets."""

from __future__ import annotations

from lowlevel.columns import Column
from lowlevel.errors import EncodeError
from lowlevel.native import NativeEncoder, hash_id, row_hash

__all__ = ["Column", "EncodeError", "NativeEncoder", "hash_id", "row_hash"]
