"""The mail of success: one a day, through the commands and a mail server."""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from sandbox.process import SandboxProcess
from sandbox.smtp.mailbox import Mail
from tests.kit.commands import Process
from tests.kit.project import Result, finished, kill
from tests.kit.reporting import REPORTS, Reporting

pytestmark = pytest.mark.timeout(400)

LONG = "Петропавловск-Камчатский городской округ имени Беринга"
SHARDS = ("abakan", LONG)
DAYS = [f"2019-03-{day}" for day in range(10, 18)]
BEFORE, TOLD, KILLED, ACCEPTED, RACED, DOWN, LACKING, SECURED = DAYS


@pytest.fixture(scope="module")
def loaded(
    tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxProcess
) -> Reporting:
    """A project whose days are loaded; each test mails days of its own."""
    project = Reporting(tmp_path_factory.mktemp("mail"), sandbox)
    for at, shard in enumerate(SHARDS):
        project.add_tables(shard)
        for number, day in enumerate(DAYS, start=1):
            project.fill(shard, day, rows=3 + 2 * number + at, first=100 * number)
    days = [word for day in DAYS for word in ("--date", day)]
    assert project.run("shardline", "run", "all", *days, timeout=300).code == 0
    return project


@pytest.fixture
def mailing(loaded: Reporting, monkeypatch: pytest.MonkeyPatch) -> Mailing:
    return Mailing(loaded, monkeypatch)


class Mailing:
    """The project, whose mails nobody else's are like: each test has a sender."""

    def __init__(self, project: Reporting, environment: pytest.MonkeyPatch) -> None:
        self.project = project
        self.control = project.sandbox.control
        self.sender = f"etl@{uuid.uuid4().hex[:12]}.example"
        self._environment = environment
        self.use()

    def use(self, *, login: str = "", security: str = "none", port: int = 0) -> None:
        """Name the connection `mail`."""
        host, own = self.project.sandbox.addresses.smtp
        self._environment.setenv(
            "SHARDLINE_CONNECTION_MAIL",
            f"smtp://{login}{host}:{port or own}/?security={security}"
            f"&from={self.sender}&to=ann@x.example,bob@x.example",
        )

    def start(self, *days: str) -> Process:
        words = [word for day in days for word in ("--date", day)]
        return self.project.start("shardline", "refresh", "--local-scheduler", *words)

    def refresh(self, *days: str) -> Result:
        return finished(self.start(*days), 300)

    def luigi(self, day: str, *, paused: bool = False) -> Process:
        return self.project.start(
            *("luigi", "--module", "pipelines.reports", "MailReports"),
            *("--date", day, "--local-scheduler"),
            paused=paused,
        )

    def mails(self) -> list[Mail]:
        return [one for one in self.control.smtp.mails() if one.sender == self.sender]

    def messages(self) -> list[EmailMessage]:
        return [one.message for one in self.mails()]

    @contextmanager
    def held(self, day: str, when: str) -> Iterator[None]:
        """Kill a refresh that is held at the end of its mail, before or after it."""
        hold = self.control.hold("^DATA", server="smtp", when=when)  # type: ignore[arg-type]
        process = self.start(day)
        self.control.wait(hold, timeout=200)
        kill(process)
        finished(process)
        yield
        self.control.release("kill", hold=hold)
        self.control.remove(hold)


class Cells(HTMLParser):
    """The cells of a table, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - given
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels (PNG, 11.2.2)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def from_tables(project: Reporting, day: str) -> list[float]:
    """The headline figure of each report, from the tables that the loads filled."""
    schema = project.schema
    took = "AVG(TIMESTAMPDIFF(MICROSECOND, start_time, end_time)) / 60000000.0"
    asked = {
        "COUNT(DISTINCT etl_source)": "orders WHERE start_time",
        "AVG(answered::INT)": "calls WHERE started",
        "AVG(score)": "rates WHERE rated",
        "COUNT(*)": "orders WHERE start_time",
        took: "orders WHERE start_time",
    }
    found = (
        project.on_warehouse(f"SELECT {figure} FROM {schema}.{rows}::DATE = '{day}'")
        for figure, rows in asked.items()
    )
    return [float(str(figure)) for ((figure,),) in found]


def test_the_mail_of_a_day_comes_once_and_tells_what_the_warehouse_holds(
    mailing: Mailing,
) -> None:
    done = mailing.refresh(BEFORE, TOLD)
    assert (done.code, done.err) == (0, "")
    first, mail = mailing.messages()
    assert f"reports-{BEFORE}@" in first["Message-ID"]
    assert mail["Subject"] == f"Reports of {TOLD} are fresh"
    assert mail["To"] == "ann@x.example, bob@x.example"

    page, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert text is not None
    rows = [row for row in Cells(page.get_content()).rows if row]
    now, before = (from_tables(mailing.project, day) for day in (TOLD, BEFORE))
    forms = (",.0f", ".1%", ".2f", ",.0f", ",.1f")
    changes = [
        format(new - old, f"+{form}").replace("%", " points")
        for new, old, form in zip(now, before, forms, strict=True)
    ]
    assert [row[2] for row in rows] == list(map(format, now, forms))
    assert [row[4] for row in rows] == changes
    counted = [
        mailing.project.on_warehouse(
            f"SELECT COUNT(*) FROM {mailing.project.schema}.{name} WHERE day = '{TOLD}'"
        )[0][0]
        for name in ("city_orders", "client_calls", "client_rates", *REPORTS[1:3])
    ]
    assert [row[1] for row in rows] == [str(count) for count in counted]
    lines = text.get_content().splitlines()
    for row in rows:
        (line,) = [one for one in lines if one.startswith(row[0])]
        for told in (row[0], row[2], row[4], f"({row[1]} row"):
            assert told in line

    cids = re.findall(r'src="cid:([^"]+)"', page.get_content())
    pictures = {
        one["Content-ID"].strip("<>"): one for one in mail.walk() if one["Content-ID"]
    }
    assert list(pictures) == cids
    assert [size(pictures[cid].get_content()) for cid in cids] == [
        (825, 352),
        (825, 222),
    ]

    again = finished(mailing.luigi(TOLD))
    assert again.code == 0
    assert len(mailing.mails()) == 2


def test_a_sender_killed_before_or_after_the_server_took_the_mail(
    mailing: Mailing,
) -> None:
    with mailing.held(KILLED, "before"):
        assert mailing.mails() == []
    with mailing.held(ACCEPTED, "after"):
        assert len(mailing.mails()) == 1
    assert mailing.refresh(KILLED, ACCEPTED).code == 0
    first, second, third = mailing.messages()
    assert f"reports-{KILLED}@" in second["Message-ID"]
    assert first["Message-ID"] == third["Message-ID"]
    assert [one["Subject"] for one in (first, third)] == [
        second["Subject"].replace(KILLED, ACCEPTED)
    ] * 2


@pytest.mark.long
def test_of_two_processes_at_once_one_sends(mailing: Mailing) -> None:
    control = mailing.control
    one = control.hold("^DATA", server="smtp")
    first = mailing.start(RACED)
    control.wait(one, timeout=200)
    # What the second asks for last, before it sees that the first is at it.
    pattern = '^SELECT "city", "median_minutes"'
    second = mailing.luigi(RACED, paused=True)
    other = control.hold(pattern, server="vertica", when="after", client_pid=second.pid)
    second.resume()
    control.wait(other, timeout=200)
    control.release(hold=other)
    control.release(hold=one)
    assert [finished(first, 300).code, finished(second, 300).code] == [0, 0]
    assert len(mailing.mails()) == 1


def test_a_mail_that_no_server_takes_is_one_line_and_the_next_run_sends_it(
    mailing: Mailing,
) -> None:
    mailing.use(port=1)
    done = mailing.refresh(DOWN)
    assert done.code == 30
    assert done.told == [
        f"mail of {DOWN}: smtp 127.0.0.1:1: cannot be reached: Connection refused"
    ]
    assert "5 refreshed" in done.out
    assert "the mail is not sent" in done.out
    mailing.use(login="shardline:shardline@")
    done = mailing.refresh(DOWN)
    assert (done.code, done.err) == (0, "")
    (mail,) = mailing.mails()
    assert mail.user == "shardline"


@pytest.mark.long
def test_what_somebody_must_correct_is_named(mailing: Mailing) -> None:
    smtp = mailing.control.smtp
    refused = smtp.refuse("RCPT", text="5.1.1 No such user here")
    done = mailing.refresh(SECURED)
    mailing.control.remove(refused)
    assert (done.code, len(done.told)) == (30, 1)
    assert "550 5.1.1 No such user here; correct sender and recipients" in done.err
    mailing.use(security="starttls")
    assert "its certificate is not to be trusted" in mailing.refresh(SECURED).last_line
    mailing.use(login="shardline:wr0ng@")
    done = mailing.refresh(SECURED)
    assert "correct user and password of the smtp connection" in done.last_line
    assert "wr0ng" not in done.err + done.out
    smtp.demand(login=True)
    mailing.use()
    assert mailing.refresh(SECURED).code == 30
    smtp.demand()
    assert mailing.mails() == []
    assert mailing.refresh(SECURED).code == 0
    assert len(mailing.mails()) == 1


def test_without_what_draws_it_the_line_says_what_to_install(mailing: Mailing) -> None:
    script = (
        "import sys; sys.modules['matplotlib'] = None;"
        "from pipelines.__main__ import main; main()"
    )
    done = mailing.project.run(
        *("python", "-c", script, "refresh", "--local-scheduler", "--date", LACKING)
    )
    assert done.code == 30
    told = "the mail cannot be written: matplotlib is not installed"
    step = "pip install 'shardline[mail]'"
    assert done.told == [f"mail of {LACKING}: {told}; {step}"]


def test_a_load_that_may_be_missing_is_named(mailing: Mailing) -> None:
    mailing.project.forget("orders", LONG, LACKING)
    done = finished(
        mailing.project.start(
            *("shardline", "refresh", "--local-scheduler", "--date", LACKING),
            *("--allow-missing", "1"),
        )
    )
    assert done.code == 0, done.err
    (mail,) = mailing.messages()
    assert mail["Subject"] == f"Reports of {LACKING} are fresh, 1 load missing"
    for kind in ("html", "plain"):
        part = mail.get_body((kind,))
        assert part is not None
        assert f"Not loaded, and so not in the reports: orders of {LONG}." in str(
            part.get_content()
        )
