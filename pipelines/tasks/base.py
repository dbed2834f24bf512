"""The bases of every kind of task that the product has, and of what names one."""

from __future__ import annotations

import re
from functools import cache

import luigi

from pipelines.errors import LONGEST
from pipelines.text import cut_line, mask_secrets, visible

_ESCAPED = r"x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt]"
_ESCAPE = re.compile(rf"\\({_ESCAPED})")
_LOOKS_ESCAPED = re.compile(rf"\\(?={_ESCAPED})")
_BREAKS = {"n": "\n", "r": "\r", "t": "\t"}


def explained(text: str) -> str:
    """Why a task failed, as luigid's page and mails may show it."""
    return visible(cut_line(mask_secrets(text), LONGEST), keep="\n")


class NameParameter(luigi.Parameter):
    r"""A name from outside, such as a shard's.

    To luigid, on a command line and in a log a hidden character of it is an escape such
    as ``\x1b``, and a backslash before what looks like one is ``\x5c``.
    """

    def serialize(self, x: object) -> str:
        """The name with nothing hidden in it."""
        return visible(_LOOKS_ESCAPED.sub(r"\\x5c", str(x)))

    def parse(self, x: str) -> str:
        """The name that is written so."""
        return _ESCAPE.sub(lambda found: _unescaped(found[1]), x)


def _unescaped(escape: str) -> str:
    return _BREAKS.get(escape) or chr(int(escape[1:], 16))


class WatchedTask(luigi.Task):
    """A task whose failures are recorded and shown, by the handlers of Luigi's events.

    They are registered on this class alone, so no kind of task can be forgotten.
    """

    def on_failure(self, exception: BaseException) -> str:
        """What luigid's page tells of a failure."""
        return explained(super().on_failure(exception))


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
