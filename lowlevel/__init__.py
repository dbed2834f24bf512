"""C kernels and their Cython faces."""

from __future__ import annotations

from lowlevel.native import hash_id

__all__ = ["hash_id"]
