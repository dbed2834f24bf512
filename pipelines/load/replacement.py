"""Whether days that are to be replaced have been, by whoever was first."""

from __future__ import annotations

import logging
from datetime import datetime

from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine, has_begun_since
from pipelines.warehouse import Marker

logger = logging.getLogger(__name__)


def is_replaced(
    settings: Settings, marker: Marker, old: int | None, asked: datetime
) -> bool:
    """Whether a marker is as good as that of a replacement which was asked for.

    It is not enough that it is another one than before: whoever was first may have read
    the source before that was asked for, and what it was asked for since.

    Args:
        settings: Where the session log is. One that cannot be read is no reason to
            fail: then it is not known to be replaced, and to do it again does no harm.
        marker: What is there now.
        old: The session of the marker that was to go; None, or 0, if there was none.
        asked: When it was asked for.
    """
    if marker.etl_id == old:
        return False
    try:
        engine = etl_engine(settings.sessions.database)
        return has_begun_since(engine, marker.etl_id, asked)
    except ShardlineError as error:
        logger.info("%s", error)
        return False
