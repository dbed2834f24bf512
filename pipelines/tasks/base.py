"""The bases of every kind of task that the product has."""

from __future__ import annotations

from functools import cache

import luigi


class WatchedTask(luigi.Task):
    """A task whose failures are recorded and shown, by the handlers of Luigi's events.

    They are registered on this class alone, so no kind of task can be forgotten.
    """


class PrecheckedTask(WatchedTask):
    """A task of which who made it may have looked already at all that Luigi asks for.

    A runner that asks one question for a thousand tasks need not have each ask again.
    """

    _prepared = False
    _seen_absent = False

    def prepare(self) -> None:
        """Note that it has just been seen not to be done, and all it requires to be.

        Luigi's first question, whether to run it, is answered by that; those that come
        later, such as whether it has brought about its target, are not.
        """
        self._prepared = self._seen_absent = True

    def complete(self) -> bool:
        """Whether its target is there."""
        if self._seen_absent:
            self._seen_absent = False
            return False
        return bool(super().complete())

    def deps(self) -> list[luigi.Task]:
        """What it requires, unless that has been seen to be there."""
        return [] if self._prepared else list(super().deps())

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[object]]]:
        """The parameters: Luigi would look for them again at each use."""
        return list(super().get_params())
