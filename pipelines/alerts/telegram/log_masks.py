"""Log lines of clients of the Bot API, whose URLs have the token in them."""

from __future__ import annotations

import logging
import re


class _Masked(logging.Filter):
    """Log lines without what stands between ``/bot`` and the next slash."""

    _token = re.compile(r"/bot[^/\s]+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._token.sub("/bot***", record.getMessage())
        record.args = ()
        return True


_masked = _Masked()


def mask_logs(*names: str) -> None:
    """Mask the token in what these loggers tell, of any URL.

    Args:
        names: Each of its own: what one is told does not hold for those below it. A
            logger that is masked already stays so.
    """
    for name in names:
        logging.getLogger(name).addFilter(_masked)
