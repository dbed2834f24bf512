#!/usr/bin/env python3
"""Exits with 0 if the luigid of this container answers, and tells why if it does not.

The health check of the image `luigid`, whose base has no curl.
"""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import Request, urlopen

PAGE = "http://127.0.0.1:8082/"
PATIENCE = 4.0
"""Seconds; less than the health check's own time-out, so that the cause is told."""


def main() -> None:
    """Ask for the page's head, to which Luigi's scheduler answers 204."""
    try:
        urlopen(Request(PAGE, method="HEAD"), timeout=PATIENCE).close()
    except (URLError, OSError) as error:
        sys.exit(f"luigid does not answer at {PAGE}: {error}")


if __name__ == "__main__":
    main()
