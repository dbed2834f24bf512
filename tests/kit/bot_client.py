"""A client of the Bot API that is `requests`."""

from __future__ import annotations

from typing import Any

import requests

DEADLINE = 20


class BotClient:
    """Calls methods as any client does; keeps its connection."""

    def __init__(self, session: requests.Session, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    def post(self, method: str, **how: object) -> requests.Response:
        url = f"{self.url}/bot{self.token}/{method}"
        return self.session.post(url, timeout=DEADLINE, **how)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the result; the call must succeed."""
        answer = self.post(method, json=parameters)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["ok"] is True
        result: dict[str, Any] = told["result"]
        return result

    def refused(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the error; the call must fail."""
        answer = self.post(method, json=parameters)
        told: dict[str, Any] = answer.json()
        assert (told["ok"], told["error_code"]) == (False, answer.status_code)
        return told
