"""`shardline people`, `shardline audit`, and the commands that are on record."""

from __future__ import annotations

import getpass
import json
import signal

import pytest

from tests.kit.project import DAY, Project, finished, kill
from tests.kit.reporting import Reporting

ONE_DAY = ("--from", DAY, "--to", DAY)
SHELL = f"shell:{getpass.getuser()}"


def audit(project: Project, *options: str) -> list[dict[str, object]]:
    told = project.run("shardline", "audit", "--json", *options)
    assert told.code == 0, told.err
    found: list[dict[str, object]] = json.loads(told.out)
    return found


def summary(project: Project) -> list[tuple[object, ...]]:
    return [
        (one["verb"], one["arguments"], one["ending"], one["detail"])
        for one in reversed(audit(project))
    ]


def test_commands_that_change_something_are_on_record_and_others_are_not(
    project: Project,
) -> None:
    project.loadable(3)
    days = " ".join(ONE_DAY)
    assert project.load(DAY).code == 0
    assert project.load("2999-01-01").code == 20
    for words in (
        ("backfill", *ONE_DAY, "--reload"),
        ("backfill", *ONE_DAY, "--dry-run"),
        ("clear", *ONE_DAY, "--dry-run"),
        ("clear", *ONE_DAY, "--yes"),
        ("verify", *ONE_DAY),
        ("verify", *ONE_DAY, "--reload"),
        ("plan", *ONE_DAY),
        ("status",),
        ("alerts", "list"),
        ("alerts", "close", "7"),
    ):
        project.run("shardline", *words)
    assert summary(project) == [
        ("run", f"orders --date {DAY}", "done", ""),
        ("run", "orders --date 2999-01-01", "failed", "exit code 20"),
        ("backfill", f"{days} --reload", "done", ""),
        ("clear", f"{days} --yes", "done", ""),
        ("verify", f"{days} --reload", "done", ""),
        (
            "incidents close",
            "7",
            "failed",
            "no incident #7 is open; see `shardline incidents list`",
        ),
    ]
    (cleared,) = audit(project, "--verb", "clear")
    assert cleared["who"] == SHELL
    assert str(cleared["place"]).startswith("terminal:")
    assert cleared["plan"] == "in all: 1 markers and 3 rows"
    assert len(str(cleared["plan_digest"])) == 64


def test_a_refresh_is_on_record(reporting: Reporting) -> None:
    reporting.add_tables()
    assert reporting.refresh("2999-01-01").code == 20
    ((verb, arguments, ending, detail),) = summary(reporting)
    assert verb == "refresh"
    assert str(arguments).startswith("--date 2999-01-01")
    assert (ending, detail) == ("failed", "exit code 20")


def test_a_command_that_is_interrupted_is_on_record_as_that(project: Project) -> None:
    project.loadable(3)
    process = project.start_load(paused=True)
    hold = project.hold(process, "copy")
    project.sandbox.control.wait(hold)
    process.send_signal(signal.SIGTERM)
    assert finished(process).code == 143
    project.sandbox.control.remove(hold)
    assert summary(project) == [
        ("run", f"orders --date {DAY}", "interrupted", "exit code 143")
    ]


def test_a_command_that_is_killed_has_no_end_on_record(project: Project) -> None:
    project.loadable(3)
    process = project.start_load(paused=True)
    hold = project.hold(process, "copy")
    project.sandbox.control.wait(hold)
    kill(process)
    finished(process)
    project.sandbox.control.remove(hold)
    assert summary(project) == [("run", f"orders --date {DAY}", None, "")]
    listed = project.run("shardline", "audit").out
    assert listed.rstrip("\n").split("\t")[2:] == [
        SHELL,
        str(audit(project)[0]["place"]),
        f"run orders --date {DAY}",
        "no end told",
        "",
    ]


def test_days_are_forgotten_without_the_audit_and_that_is_told(
    project: Project,
) -> None:
    project.loadable(3)
    assert project.load(DAY).code == 0
    project.etl_database = "sqlite:////dev/null/etl.db"
    result = project.run("shardline", "clear", *ONE_DAY, "--yes")
    assert result.code == 0
    assert project.markers() == []
    for line in result.told:
        assert "the audit lacks that shell:" in line
        assert "wished clear" in line
    assert result.told


def test_people_are_invited_listed_and_revoked(project: Project) -> None:
    def people(*words: str) -> str:
        result = project.run("shardline", "people", *words)
        assert result.code == 0, result.err
        return result.out

    told = people("invite", "Anna \U0001f469", "--role", "viewer", "--hours", "2")
    first, code, link = told.splitlines()
    assert first.startswith("Anna \U0001f469 is invited as viewer, once, until ")
    assert code.removeprefix("code: ") in link
    made = json.loads(people("invite", "Boris", "--role", "admin", "--json"))
    assert (made["name"], made["role"]) == ("Boris", "admin")
    assert people("role", "Boris", "analyst") == "Boris is analyst now\n"
    people("revoke", "Boris")
    lines = [line.split("\t") for line in people("list").splitlines()]
    assert [(name, role, state.split()[0]) for name, role, state, _ in lines] == [
        ("Anna \U0001f469", "viewer", "invited"),
        ("Boris", "analyst", "revoked"),
    ]
    assert [one["state"] for one in json.loads(people("list", "--json"))] == [
        "invited",
        "revoked",
    ]
    assert people("identities") == ""
    assert json.loads(people("identities", "--json")) == []
    known = [(verb, ending) for verb, _, ending, _ in summary(project)]
    assert known == [
        ("people invite", "done"),
        ("people invite", "done"),
        ("people role", "done"),
        ("people revoke", "done"),
    ]
    assert made["code"] not in str(audit(project))


def test_a_person_who_is_not_there_is_one_line_and_on_record(project: Project) -> None:
    result = project.run("shardline", "people", "revoke", "no\x1b[2Jbody")
    assert result.code == 2
    (line,) = result.told
    assert line.startswith(r"shardline: there is no 'no\x1b[2Jbody' among the people")
    assert line.endswith("see `shardline people list`")
    assert [ending for _, _, ending, _ in summary(project)] == ["failed"]


@pytest.mark.parametrize("said", ["", "1", "7", "x"])
def test_nobody_is_left_out_of_the_audit_by_saying_that_it_is_a_job(
    project: Project, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    project.loadable(1)
    assert project.load(DAY).code == 0
    # Job 1 is there, but does not run, and does something else.
    wished = ("run", "orders", "--date", DAY, "--on", "job")
    assert project.run("shardline", *wished).code == 0
    monkeypatch.setenv("SHARDLINE_JOB", said)
    assert project.run("shardline", "clear", *ONE_DAY, "--yes").code == 0
    (cleared,) = audit(project, "--verb", "clear")
    assert cleared["who"] == SHELL
