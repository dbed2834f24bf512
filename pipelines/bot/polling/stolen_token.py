"""Somebody else takes the bot's updates: whoever has its token can."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

from pipelines import alerts
from pipelines.catalog import Catalog
from pipelines.errors import PermanentError, ShardlineError

logger = logging.getLogger(__name__)

TRIAGE = (
    "if no other program of yours has this token, have @BotFather revoke it, and put"
    " the new one into the telegram connection; then"
    " `shardline incidents close NUMBER`, for no marker ends this"
)


class TokenInUseError(PermanentError):
    """Somebody asks for the bot's updates although this bot has the lease."""


def record_stolen_token(engine: Engine, catalog: Catalog) -> None:
    """Have people told that the token is used elsewhere. Never raises.

    Args:
        engine: The ETL database.
        catalog: The names that do not make one cause differ from another.
    """
    error = TokenInUseError("somebody else takes the updates of the bot (HTTP 409)")
    about = alerts.About("Bot", "bot", triage=TRIAGE)
    occasion = alerts.Occasion(alerts.Event.LOST, run=alerts.run_id())
    alert = alerts.alert_for_error(error, about, occasion, catalog)
    try:
        alerts.append_alerts(engine, [alert])
    except ShardlineError as lost:
        logger.warning("nobody could be told that %s: %s", error, lost)
