"""What takes a while is found out by other processes, and is the same as here."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from pydantic import SecretStr

from pipelines.config import Warehouse
from pipelines.text import known_secrets, mask_secrets
from tests.kit import slow_verbs
from tests.kit.project import DAY
from tests.kit.reporting import Reporting


def test_a_verb_says_the_same_elsewhere_to_any_number_at_once(
    reporting: Reporting,
) -> None:
    shard = reporting.add_tables("moscow")
    reporting.fill(shard, DAY, 5, 1)
    assert reporting.refresh(DAY).code == 0
    wishes = (
        f"report {DAY}",
        f"report city_orders {DAY}",
        f"status {DAY}",
        f"plan {DAY}",
        f"why moscow {DAY}",
        "failures",
        f"report nothing {DAY}",
    )
    script = str(Path(slow_verbs.__file__))
    result = reporting.run("python", script, *wishes, timeout=100)
    assert (result.code, result.err) == (0, "")
    here, elsewhere = json.loads(result.out)
    files = [name for answer in here[:2] for name, _, _ in answer["files"]]
    pictures = [f"daily_orders-{DAY}.png", f"order_duration-{DAY}.png"]
    assert files == [*pictures, f"city_orders-{DAY}.csv"]
    assert here[-1][0] == "ConfigurationError"
    assert elsewhere == slow_verbs.ASKERS * here


def test_no_text_shows_a_password_that_comes_from_another_process() -> None:
    options = Warehouse(host="h", user="u", password=SecretStr("Tr0ub4dor&3"))
    passed = pickle.dumps(options)
    known_secrets.cache_clear()
    assert "Tr0ub4dor" in mask_secrets("not Tr0ub4dor&3")
    assert pickle.loads(passed) == options
    assert mask_secrets("not Tr0ub4dor&3") == "not ***"
