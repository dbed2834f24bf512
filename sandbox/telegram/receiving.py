"""The methods by which a bot is told what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.method import Method

if TYPE_CHECKING:
    from collections.abc import Collection

    from sandbox.telegram.parameters import Parameters
    from sandbox.telegram.updates import Updates

_LARGEST_BATCH = 100
# All there are, of which the sandbox makes some.
_KINDS = frozenset(
    {
        *("message", "edited_message", "channel_post", "edited_channel_post"),
        *("business_connection", "business_message", "edited_business_message"),
        *("deleted_business_messages", "guest_message", "message_reaction"),
        *("message_reaction_count", "inline_query", "chosen_inline_result"),
        *("callback_query", "shipping_query", "pre_checkout_query"),
        *("purchased_paid_media", "poll", "poll_answer", "my_chat_member"),
        *("chat_member", "chat_join_request", "chat_boost", "removed_chat_boost"),
        *("managed_bot", "subscription", "stopped_message_generation"),
    }
)
_LONGEST_POLL = 50  # seconds


class Receiving:
    """Updates by long polling; there are no webhooks."""

    def __init__(self, updates: Updates) -> None:
        """Take updates from there."""
        self._updates = updates

    def methods(self) -> list[Method]:
        """Return the methods."""
        return [
            Method(
                "getUpdates",
                self._get_updates,
                {"offset", "limit", "timeout", "allowed_updates"},
            ),
            Method("getWebhookInfo", self._get_webhook_info, set()),
            Method("deleteWebhook", self._delete_webhook, {"drop_pending_updates"}),
            Method(
                "setWebhook",
                self._set_webhook,
                {
                    *("url", "certificate", "ip_address", "max_connections"),
                    *("allowed_updates", "drop_pending_updates", "secret_token"),
                },
            ),
        ]

    def _get_updates(self, call: Parameters) -> list[dict[str, Any]]:
        kinds = _kinds(call)
        if kinds is not None:
            self._updates.allow(kinds)
        return self._updates.poll(
            call.integer("offset"),
            call.between("limit", 1, _LARGEST_BATCH, usual=_LARGEST_BATCH),
            call.between("timeout", 0, _LONGEST_POLL, usual=0),
            call.is_gone,
        )

    def _get_webhook_info(self, _: Parameters) -> dict[str, Any]:
        return {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": self._updates.pending(),
        }

    def _delete_webhook(self, call: Parameters) -> bool:
        if call.flag("drop_pending_updates"):
            self._updates.clear()
        return True

    def _set_webhook(self, call: Parameters) -> bool:
        url = call.text("url")
        if not url:
            return self._delete_webhook(call)
        if not url.lower().startswith("https://"):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        raise bad_request("the sandbox has no webhooks, only getUpdates")


def _kinds(call: Parameters) -> Collection[str] | None:
    """Return what `allowed_updates` names; None to leave all as it is.

    What is no list of texts is ignored, and so is a kind that does not exist.
    """
    value = call.values.get("allowed_updates")
    try:
        told = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        return None
    return [one.lower() for one in told if one.lower() in _KINDS]
