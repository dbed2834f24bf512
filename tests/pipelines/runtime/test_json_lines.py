"""With JSON for a form, each line on standard error is one object, whoever wrote it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.runtime.logs import HumanLines, JsonLines
from tests.kit.hidden import HOSTILE, TEXTS, hidden
from tests.kit.project import DAY, Project, Result, insert, orders

NOISE = r"""
import sys
import threading
import warnings


class Dropped:
    def __del__(self):
        raise ValueError("unraisable \x1b[31m")


def fail():
    raise ValueError("in a thread \u202e")


warnings.warn("a library's \x1b]0;title\x07", stacklevel=1)
Dropped()
one = threading.Thread(target=fail)
one.start()
one.join()
print("plainly\x9b2J", file=sys.stderr)
print("without an end", end="", file=sys.stderr)
"""


def objects(result: Result) -> list[dict[str, object]]:
    found = [json.loads(line) for line in result.err.splitlines()]
    assert all(isinstance(one, dict) for one in found)
    return found


def noisy(project: Project) -> None:
    (project.folder / "noise.py").write_text(NOISE, encoding="utf-8")
    project.options["catalog"] = {"modules": "noise"}
    shard = project.add_shard("first")
    insert(project, shard, orders(3))
    project.options["core"] = {"log_level": "INFO"}


def test_warnings_and_exceptions_that_nobody_handles_are_objects(
    project: Project,
) -> None:
    noisy(project)
    result = project.run(
        *("env", f"PYTHONPATH={project.folder}", "shardline", "--log-format", "json"),
        *("run", "orders", "--date", DAY, "--verbose", "--local-scheduler"),
    )
    assert result.code == 0, result.err
    told = objects(result)
    text = " ".join(f"{one['message']} {one.get('exception')}" for one in told)
    for words in (
        *(r"a library's \x1b]0;title\x07", r"unraisable \x1b[31m"),
        *(r"in a thread \u202e", r"plainly\x9b2J", "without an end"),
        "Luigi Execution Summary",
    ):
        assert words in text
    assert not hidden(result.err)
    assert {one["logger"] for one in told} >= {"py.warnings", "luigi-interface"}


def test_for_people_the_same_is_told_with_nothing_hidden(project: Project) -> None:
    noisy(project)
    result = project.run(
        *("env", f"PYTHONPATH={project.folder}", "shardline"),
        *("run", "orders", "--date", DAY, "--verbose", "--local-scheduler"),
    )
    assert result.code == 0
    assert r"a library's \x1b]0;title\x07" in result.err
    assert r"in a thread \u202e" in result.err
    assert not hidden(result.err.replace("plainly\x9b2J", ""))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--log-format", "json", "nosuch"], "No such command"),
        (["--log-format=json", "--nosuch"], "No such option"),
        (["--log-format", "json", "run", "orders", "--date", "never"], "'--date'"),
        (["--log-format", "json", "run", "orders"], "give days"),
        (["--log-format", "json", "render", "no\x1b[31m", "--date", DAY], r"no\x1b[3"),
        (["--log-format", "json", "connections", "none"], "unknown connection"),
    ],
)
def test_an_error_at_the_end_of_a_command_is_an_object(
    project: Project, words: list[str], told: str
) -> None:
    project.add_shard("first", ddl="")
    result = project.run("shardline", *words)
    assert result.code == 2
    assert told in str(objects(result)[-1]["message"])
    assert not hidden(result.err)


def test_a_configuration_that_cannot_be_read_is_told_by_an_object(
    project: Project, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.cfg"
    broken.write_text("no section\n")
    result = project.run(
        *("env", f"LUIGI_CONFIG_PATH={broken}"),
        *("shardline", "--log-format", "json", "tables"),
        fresh=True,
    )
    assert result.code == 2
    assert "luigi.cfg cannot be read" in str(objects(result)[-1]["message"])


@given(TEXTS, TEXTS, TEXTS)
@example(HOSTILE, HOSTILE, HOSTILE)
def test_no_line_has_anything_hidden_and_none_passes_for_another(
    message: str, shard: str, raised: str
) -> None:
    error = ValueError(raised)
    record = logging.LogRecord(
        "x", 30, "", 0, "%s", (message,), (ValueError, error, None)
    )
    record.fields = {"table": "orders", "shard": shard}
    line = JsonLines().format(record)
    assert not hidden(line, keep="")
    assert not hidden("".join(map(str, json.loads(line).values())))
    first, *others = HumanLines().format(record).split("\n")
    assert not hidden(first, keep="")
    for other in others:
        assert other.startswith("  ")
        assert not hidden(other, keep="")


@given(st.text(min_size=1), st.integers(0, 100_000))
@example("💣", 100_000)
@example("\\", 100_000)
@example("\n", 100_000)
def test_a_line_has_an_end_however_much_there_is_to_tell(text: str, times: int) -> None:
    flood = text * (times // len(text))
    record = logging.LogRecord("x", 30, "", 0, "%s; run it again", (flood,), None)
    record.fields = {"shard": flood}
    assert len(JsonLines().format(record).encode()) < 8_000
    human = HumanLines().format(record)
    assert all(len(line) <= 8_000 for line in human.split("\n"))
    assert len(human) < 200_000
    assert human.endswith("run it again")
    if len(flood) > 25_000:
        assert "…" in human
        assert "…" in JsonLines().format(record)


def test_lines_of_an_own_logging_configuration_have_nothing_hidden_either(
    project: Project, tmp_path: Path
) -> None:
    noisy(project)
    own = tmp_path / "logging.ini"
    own.write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=all\n[formatters]\nkeys=own\n"
        "[logger_root]\nlevel=INFO\nhandlers=all\n"
        "[handler_all]\nclass=StreamHandler\nargs=()\nformatter=own\n"
        "[formatter_own]\nformat=OWN %(name)s %(message)s\n",
    )
    project.options["core"] = {"logging_conf_file": str(own)}
    result = project.run(
        *("env", f"PYTHONPATH={project.folder}", "shardline"),
        *("run", "orders", "--date", DAY, "--local-scheduler"),
    )
    assert result.code == 0, result.err
    assert r"OWN py.warnings " in result.err
    assert r"a library's \x1b]0;title\x07" in result.err
    assert not hidden(result.err.replace("plainly\x9b2J", ""))
