"""Application locks: sp_getapplock and sp_releaseapplock, owned by sessions."""

from __future__ import annotations

import threading

GRANTED, GRANTED_AFTER_WAIT, TIMED_OUT, NOT_HELD = 0, 1, -1, -999
"""What the procedures return."""


class AppLocks:
    """The exclusive locks of one server. Thread-safe; a session may take one twice."""

    def __init__(self) -> None:
        """Begin with none."""
        self._changed = threading.Condition()
        self._held: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, session: int, database: str, resource: str, timeout_ms: int) -> int:
        """Take a lock, waiting for whoever has it.

        Args:
            session: The session's number.
            database: Locks of the same name in two databases are two.
            resource: The lock's name.
            timeout_ms: How long to wait; negative for ever.

        Returns:
            What sp_getapplock returns.
        """
        key = (database.casefold(), resource)

        def is_free() -> bool:
            return self._held.get(key, (session, 0))[0] == session

        with self._changed:
            waits = not is_free()
            timeout = None if timeout_ms < 0 else timeout_ms / 1000
            if not self._changed.wait_for(is_free, timeout):
                return TIMED_OUT
            _, count = self._held.get(key, (session, 0))
            self._held[key] = (session, count + 1)
            return GRANTED_AFTER_WAIT if waits else GRANTED

    def release(self, session: int, database: str, resource: str) -> int:
        """Give a lock back once; what sp_releaseapplock returns."""
        key = (database.casefold(), resource)
        with self._changed:
            owner, count = self._held.get(key, (session, 0))
            if owner != session or not count:
                return NOT_HELD
            if count > 1:
                self._held[key] = (session, count - 1)
            else:
                del self._held[key]
                self._changed.notify_all()
            return GRANTED

    def release_all(self, session: int) -> None:
        """Give back all that a session has."""
        with self._changed:
            for key in [k for k, (owner, _) in self._held.items() if owner == session]:
                del self._held[key]
            self._changed.notify_all()
