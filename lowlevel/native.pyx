"""Vertica NATIVE rows and their hashes; docs/formats.md has the definitions."""

from libc.stdint cimport int64_t, uint8_t, uint64_t


cdef extern from "hash.h" nogil:
    uint64_t hash_id_start(const uint8_t *source, size_t length)
    int64_t hash_id_finish(uint64_t start, int64_t key)


def hash_id(str source not None, int64_t key):
    """Return hash_id for the row `key` of `source`."""
    cdef bytes name = source.encode()
    return hash_id_finish(hash_id_start(name, len(name)), key)
