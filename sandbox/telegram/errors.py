"""What a call of the Bot API fails with."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """The answer `{"ok": false, …}`.

    Attributes:
        code: The HTTP status and `error_code`.
        description: As the Bot API words it.
        retry_after: Seconds to wait, 0 if it says nothing of that.
        migrate_to_chat_id: The chat's new id, 0 if it has none.
    """

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after: int = 0,
        migrate_to_chat_id: int = 0,
    ) -> None:
        """Keep what to answer."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        parameters = {
            name: value
            for name, value in (
                ("retry_after", self.retry_after),
                ("migrate_to_chat_id", self.migrate_to_chat_id),
            )
            if value
        }
        told = {"ok": False, "error_code": self.code, "description": self.description}
        return {**told, "parameters": parameters} if parameters else told


def bad_request(description: str) -> ApiError:
    """Return a 400."""
    return ApiError(400, f"Bad Request: {description}")


def too_many_requests(retry_after: int) -> ApiError:
    """Return a 429."""
    description = f"Too Many Requests: retry after {retry_after}"
    return ApiError(429, description, retry_after=retry_after)
