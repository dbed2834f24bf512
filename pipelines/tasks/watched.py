"""The base of every kind of task that the product has."""

from __future__ import annotations

import luigi


class WatchedTask(luigi.Task):
    """A task whose failures are recorded and shown, by the handlers of Luigi's events.

    They are registered on this class alone, so no kind of task can be forgotten.
    """
