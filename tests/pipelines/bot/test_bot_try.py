"""`shardline bot try`: the bot's dialogue in a terminal, to its last line."""

from __future__ import annotations

from tests.kit.conversations import talk
from tests.kit.project import DAY, Project


def test_a_day_is_loaded_by_a_conversation(project: Project) -> None:
    project.loadable(3)
    told = talk(project, f"/run orders {DAY}", "1", "2", f"/run orders {DAY}", "2")
    assert told[0].startswith(f"orders {DAY}: 1 days of shards to do in 1 extracts")
    assert told[1:3] == [
        "Shall I? You have two minutes to say so.",
        "[1] Do it  [2] Leave it",
    ]
    assert told[3].startswith("Job 1 is queued: shardline run ")
    assert told[4] == "[1] How far  [2] Cancel it"
    assert told[5] == "job 1 is cancelled"
    assert told[-1] == "Left as it is."

    told = talk(project, f"/run orders {DAY}", "1")
    assert told[-2].startswith("Job 2 is queued")
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert len(project.markers()) == 1
    told = talk(project, f"status orders {DAY}", "jobs")
    assert told[0] == f"orders {DAY}: 1 done"
    assert [line.split()[:2] for line in told[-2:]] == [
        ["#2", "succeeded"],
        ["#1", "cancelled"],
    ]


def test_a_role_is_tried_and_sees_no_more_than_it_may(project: Project) -> None:
    project.loadable(1)
    told = talk(project, f"clear orders {DAY}", "help clear", role="viewer")
    assert told[0].startswith("a viewer may not clear")
    assert told[1].startswith("a viewer may not clear")
    verbs = {line.split(":")[0] for line in talk(project, "help", role="viewer")}
    assert "/status" in verbs
    assert "/clear" not in verbs


def test_a_number_that_is_no_button_is_an_ordinary_word(project: Project) -> None:
    project.loadable(1)
    assert talk(project, "7", "", "   ") == ["'7' is no verb; see `help`"]


def test_what_is_missing_is_asked_for_and_a_process_may_end_between(
    project: Project,
) -> None:
    project.loadable(3)
    (question, _, buttons) = talk(project, "/run")
    assert question == (
        "run: which TABLE? Tables, by name or pattern; `all` is every table."
    )
    assert buttons == "[1] orders  [2] every table  [3] Never mind"
    (question, _, buttons) = talk(project, "orders")
    assert question.startswith("run orders: which DAYS? The days.")
    assert buttons.startswith("[1] yesterday, ")
    told = talk(project, DAY, "2")
    assert told[0].startswith(f"orders {DAY}: 1 days of shards to do in 1 extracts")
    assert told[-1] == "Left as it is."
    told = talk(project, "/run", "2", "yesterday", "/cancel", "/run", "/cancel")
    assert told[3].startswith("run all: which DAYS?")
    assert told[-1] == "Left as it is."
