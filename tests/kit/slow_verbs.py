"""What slow verbs say here and elsewhere, to several who ask at once, as JSON.

Run as a script in a project's folder: `slow_verbs.py WISH…`. What a file holds is told
by its digest.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from hashlib import sha256

from pipelines.config import current_settings, read_session_options
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    SLOW_MODULES,
    VERBS,
    Context,
    Look,
    ask_elsewhere,
    audited_queue,
    find_verb,
    parse_words,
    shell_caller,
    shell_place,
    split_words,
)
from pipelines.runtime import ProcessPool

ASKERS = 4
"""How many ask at once."""


def said(context: Context, wish: str) -> object:
    """What a verb says."""
    verb, words = find_verb(VERBS, split_words(wish))
    assert isinstance(verb, Look)
    arguments = parse_words(verb.arguments, words)
    try:
        answer = verb.ask(verb.run, context, arguments)
    except ShardlineError as error:
        return type(error).__name__, str(error)
    return asdict(answer) | {
        "rows": [list(row) for row in answer.rows],
        "files": [
            (one.name, one.content_type, sha256(one.content).hexdigest())
            for one in answer.files
        ],
    }


def main() -> None:
    """Ask here, then elsewhere."""
    engine = etl_engine(read_session_options().database)
    here = Context(
        *(shell_caller(), shell_place(), lambda: engine),
        *(current_settings, audited_queue),
    )
    wishes = sys.argv[1:]
    with (
        ProcessPool(2, SLOW_MODULES) as pool,
        ThreadPoolExecutor(ASKERS) as threads,
    ):
        elsewhere = replace(here, slow=ask_elsewhere(pool))
        at_once = threads.map(partial(said, elsewhere), ASKERS * wishes)
        told = [[said(here, wish) for wish in wishes], list(at_once)]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
