"""Every command takes shards and tables in the same words."""

from __future__ import annotations

import json
from typing import Any

from tests.kit.project import DAY, Project

RANGE = ("--from", DAY, "--to", DAY)
COMMANDS = [
    ("run", "orders", "--date", DAY),
    ("backfill", *RANGE),
    ("plan", *RANGE),
    ("status", *RANGE),
    ("status", "sessions"),
    ("verify", *RANGE),
    ("clear", *RANGE, "--yes"),
]
CHOSEN = ("--shard", "m*", "--shards", "chita")
NAMES = ["magadan", "moscow", "chita"]


def as_json(project: Project, *words: str) -> Any:  # noqa: ANN401 - any JSON
    result = project.run("shardline", *words, *CHOSEN, "--json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_shards_are_named_by_both_spellings_and_by_patterns(project: Project) -> None:
    for name in ("chita", "kazan", "magadan", "moscow"):
        project.add_shard(name)
    (planned,) = as_json(project, "plan", *RANGE, "--table", "o*")["tables"]
    assert [one["shard"] for one in planned["extracts"]] == NAMES
    (work,) = as_json(project, "backfill", *RANGE, "--tables", "o*", "--dry-run")
    assert [one["shard"] for one in work["extracts"]] == NAMES
    loaded = project.run("shardline", "run", "o*", "--date", DAY, *CHOSEN)
    assert (loaded.code, loaded.err) == (0, "")
    assert f"orders {DAY}: 3 of 3 shards complete: 0 loaded, 3 skipped" in loaded.out
    assert {row[0] for row in project.markers()} == set(NAMES)
    assert project.load(DAY).code == 0
    assert list(as_json(project, "status", *RANGE)["tables"]["orders"]) == NAMES
    attempts = as_json(project, "status", "sessions", "--tables", "o*")
    assert sorted(one["shard"] for one in attempts) == sorted(NAMES)
    assert as_json(project, "verify", *RANGE)["days"] == len(NAMES)
    cleared = project.run("shardline", "clear", *RANGE, *CHOSEN, "--yes")
    assert "forgot 3 markers" in cleared.out
    assert [row[0] for row in project.markers()] == ["kazan"]


def test_a_name_that_no_shard_or_table_has_is_refused_before_anything_is_done(
    project: Project,
) -> None:
    project.add_shard("chita")
    assert project.load(DAY).code == 0
    for at, words in enumerate(COMMANDS):
        spelled = ("--shard", "--shards")[at % 2]
        result = project.run("shardline", *words, "--shards", "chita", spelled, "m*")
        assert result.code == 2
        told = "shardline: unknown shard 'm*'; `shardline shards` lists them"
        assert result.told == [told]
        spelled = ("--table", "--tables")[at % 2]
        named = ("run", "calls", *words[2:]) if at == 0 else (*words, spelled, "calls")
        result = project.run("shardline", *named)
        assert result.code == 2
        told = "shardline: unknown table 'calls'; `shardline tables` lists them"
        assert result.told == [told]
    unknown = project.run("shardline", "run", "all", "calls", "--date", DAY)
    assert (unknown.code, unknown.out) == (2, "")
    assert [row[0] for row in project.markers()] == ["chita"]
    assert project.outcomes() == ["skipped"]


def test_all_is_every_table_whichever_command_is_given_it(project: Project) -> None:
    for name in ("chita", "kazan", "magadan", "moscow"):
        project.add_shard(name)
    (work,) = as_json(project, "backfill", *RANGE, "--tables", "all", "--dry-run")
    assert work["table"] == "orders"
    assert list(as_json(project, "status", *RANGE, "--table", "all")["tables"]) == [
        "orders"
    ]
