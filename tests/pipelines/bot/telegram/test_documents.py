"""Documents sent to the bot: who may, which ones, and what is left of them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import telegram as ptb
from sqlalchemy import Connection, Engine

from pipelines.bot import Dialogue, Document, Documents, Message, Reply
from pipelines.bot.telegram.documents import fetched
from pipelines.config import current_settings
from pipelines.errors import TransientError
from pipelines.operations import (
    AuditFilter,
    Role,
    UndoneError,
    list_audit,
    list_documents,
)
from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.files import Document as SentDocument
from tests.kit.operations import somebody, telegram

CHAT = 1001
ADMIN, OPERATOR, ANALYST, VIEWER, STRANGER = 1, 2, 3, 4, 99
PLACE = f"telegram:{CHAT}"
PDF = b"%PDF-1.7\n" + b"x" * 1000


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()


@dataclass
class Desk:
    """A bot that takes documents, as a worker of it does."""

    engine: Engine
    folder: Path
    control: TelegramControl
    bot: ptb.Bot
    most: int = 20_000_000
    most_kept: int = 1_000_000_000

    @property
    def documents(self) -> Documents:
        return Documents(self.engine, self.folder, self.most, self.most_kept)

    def sent(
        self, content: bytes, name: str = "report.pdf", caption: str = ""
    ) -> Message:
        """A message with a document that is at Telegram."""
        path = self.folder.parent / "sent"
        path.write_bytes(content)
        document = SentDocument(name, str(path))
        self.control.say(CHAT, CHAT, caption, document=document)
        (file,) = [one.file for one in self.control.messages(CHAT)[-1:] if one.file]
        told = Document(file.id, name, len(content), "application/octet-stream")
        return Message(telegram(OPERATOR), PLACE, caption, "telegram:7", told)

    def receive(self, said: Message) -> Reply:
        return asyncio.run(self._receive(said, lambda *_: None))

    def take(self, content: bytes, name: str = "report.pdf", caption: str = "") -> str:
        """What is answered to a document of its own."""
        said = replace(self.sent(content, name, caption), source_id=None)
        return self.receive(said).lines[0]

    async def _receive(self, said: Message, in_commit: object) -> Reply:
        dialogue = Dialogue(self.engine, current_settings, documents=self.documents)
        await self.bot.request.initialize()
        try:
            async with fetched(self.bot, self.documents, said, download) as message:
                return await asyncio.to_thread(
                    dialogue.reply_to,
                    message,
                    in_commit,  # type: ignore[arg-type]
                )
        finally:
            await self.bot.request.shutdown()

    def files(self) -> dict[str, bytes]:
        if not self.folder.exists():
            return {}
        return {file.name: file.read_bytes() for file in self.folder.iterdir()}

    def downloads(self) -> int:
        told = self.control.answers()
        return sum(times for (method, _), times in told.items() if "ile" in method)


async def download(bot: ptb.Bot, file_id: str, to: Path, most: int) -> int:
    """Fetch a file by the library's own ways, and say what the bot's client says."""
    try:
        told = await bot.get_file(file_id)
        await told.download_to_drive(to)
    except ptb.error.TelegramError:
        raise TransientError("the file cannot be downloaded") from None
    assert told.file_size is not None
    assert told.file_size <= most
    return told.file_size


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Desk]:
    for name, number, role in (
        ("Anna", ADMIN, Role.ADMIN),
        ("Oleg", OPERATOR, Role.OPERATOR),
        ("Alla", ANALYST, Role.ANALYST),
        ("Vera", VIEWER, Role.VIEWER),
    ):
        somebody(engine, name, number, role)
    control = sandbox.control.telegram
    control.reset()
    host, port = sandbox.addresses.telegram
    url = f"http://{host}:{port}"
    bot = ptb.Bot(
        sandbox.addresses.token, f"{url}/bot", base_file_url=f"{url}/file/bot"
    )
    yield Desk(engine, tmp_path / "documents", control, bot)
    control.up()
    control.reset()


def audited(engine: Engine) -> list[tuple[str, str, bool]]:
    found = list_audit(engine, AuditFilter(verb="documents add"), 10)
    return [(one.who, one.arguments, one.allowed) for one in found]


def test_a_document_is_kept_with_all_that_is_known_of_it(
    desk: Desk, engine: Engine
) -> None:
    reply = desk.receive(desk.sent(PDF, "March.pdf", "the figures of March"))
    told = "Document 1 is kept for publishing: March.pdf, PDF, 1,009 octets."
    assert reply.lines == (told,)
    assert [one.data for one in reply.buttons] == ["wish:documents remove 1"]
    (kept,) = list_documents(engine)
    assert (kept.number, kept.name, kept.content_type) == (
        1,
        "March.pdf",
        "application/pdf",
    )
    assert (kept.size, kept.digest) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    assert (kept.who, kept.place) == ("Oleg", PLACE)
    assert desk.files() == {"1": PDF}
    assert audited(engine) == [("Oleg", f"March.pdf {len(PDF)}", True)]


def test_nobody_else_reads_it(desk: Desk) -> None:
    desk.take(PDF)
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((desk.folder / "1").stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [ANALYST, VIEWER, STRANGER])
def test_who_may_not_publish_has_nothing_fetched(
    desk: Desk, engine: Engine, number: int
) -> None:
    said = replace(desk.sent(PDF), identity=telegram(number))
    (line,) = desk.receive(said).lines
    assert line.endswith("may not publish documents; the document is not kept")
    assert (desk.downloads(), desk.files(), list_documents(engine)) == (0, {}, [])
    assert [allowed for _, _, allowed in audited(engine)] == [False]


def test_who_may_publish(desk: Desk) -> None:
    for number in (ADMIN, OPERATOR):
        said = replace(desk.sent(PDF), identity=telegram(number), source_id=None)
        assert "is kept" in desk.receive(said).lines[0]


@pytest.mark.parametrize("caption", ["/run orders yesterday", " /clear", "/x"])
def test_a_command_below_a_document_is_refused_with_it(
    desk: Desk, engine: Engine, caption: str
) -> None:
    line = desk.take(PDF, caption=caption)
    assert line.startswith("a command below a document is not carried out")
    assert (desk.downloads(), desk.files(), list_documents(engine)) == (0, {}, [])
    assert [allowed for _, _, allowed in audited(engine)] == [False]
    verbs = [one.verb for one in list_audit(engine, AuditFilter(), 10)]
    assert verbs == ["documents add", *["accept an invitation"] * 4]


def test_words_below_a_document_are_no_wish(desk: Desk, engine: Engine) -> None:
    assert "is kept" in desk.take(PDF, caption="people revoke Vera")
    verbs = [one.verb for one in list_audit(engine, AuditFilter(), 10)]
    assert verbs == ["documents add", *["accept an invitation"] * 4]


def test_what_is_too_large_is_not_fetched(desk: Desk, engine: Engine) -> None:
    line = replace(desk, most=1008).take(PDF)
    assert line.startswith(
        "report.pdf has 1,009 octets, and no document may have over 1,008"
    )
    assert (desk.downloads(), desk.files(), list_documents(engine)) == (0, {}, [])
    assert "is kept" in replace(desk, most=1009).take(PDF)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("/etc/cron.d/job", "/etc/cron.d/job"),
        ("a\nb\x1b[2J.pdf", "a\\nb\\x1b[2J.pdf"),
        ("fdp.\u202eexe.pdf", "fdp.\\u202eexe.pdf"),
        ("..", ".."),
        ("1", "1"),
        ("", "(without a name)"),
    ],
)
def test_a_name_is_shown_and_never_a_path(
    desk: Desk, engine: Engine, name: str, shown: str
) -> None:
    said = desk.sent(PDF)
    assert said.document
    said = replace(said, document=replace(said.document, name=name))
    assert f": {shown}, PDF" in desk.receive(said).lines[0]
    assert desk.files() == {"1": PDF}
    assert [one.name for one in list_documents(engine)] == [shown]
    assert [file.name for file in desk.folder.parent.iterdir()].count("sent") == 1


def test_a_very_long_name_is_cut(desk: Desk, engine: Engine) -> None:
    said = desk.sent(PDF)
    assert said.document
    long = replace(said, document=replace(said.document, name="x" * 100_000))
    desk.receive(long)
    (kept,) = list_documents(engine)
    assert len(kept.name) <= 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (zipped(a=b"1"), "application/zip"),
        (
            zipped(xl__workbook_xml=b"1").replace(b"workbook_xml", b"workbook.xml"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("ключ;число\nжизнь;3\n".encode(), "text/csv"),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", "text/csv"),
        ("Ответ на любой вопрос".encode(), "text/plain"),
        (b"one line", "text/plain"),
        (("я" * 700_000).encode(), "text/plain"),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02\x01\x01\x00", None),
        (b"text with \x00 in it", None),
        ("привет".encode("cp1251"), None),
        (b"x" * (1 << 20) + b"\xff", None),
        ("я".encode()[:1], None),
        (b"GIF89a....", "text/plain"),
    ],
)
def test_the_content_tells_of_what_kind_it_is(
    desk: Desk, engine: Engine, content: bytes, kind: str | None
) -> None:
    line = desk.take(content, "innocent.pdf")
    assert [one.content_type for one in list_documents(engine)] == ([kind] * bool(kind))
    if kind is None:
        assert line.startswith("innocent.pdf is none of PDF, PNG, JPEG, ZIP")
        assert desk.files() == {}
        assert [allowed for _, _, allowed in audited(engine)] == [False]


def test_a_zip_bomb_stays_as_small_as_it_is(desk: Desk) -> None:
    bomb = zipped(bomb=b"\0" * 50_000_000)
    # It says that it holds four times as much.
    size = struct.pack("<I", 50_000_000)
    bomb = bomb.replace(size, struct.pack("<I", 200_000_000))
    assert f"ZIP, {len(bomb):,} octets" in desk.take(bomb)
    assert [*desk.files().values()] == [bomb]


def test_the_same_update_keeps_one_document_whatever_happens_between(
    desk: Desk, engine: Engine
) -> None:
    said = desk.sent(PDF)

    def lost(_connection: Connection, _reply: Reply) -> None:
        raise UndoneError("another worker has it")

    with pytest.raises(UndoneError):
        asyncio.run(desk._receive(said, lost))
    assert (list_documents(engine), audited(engine)) == ([], [])
    first = desk.receive(said)
    assert desk.receive(said) == first
    (kept,) = list_documents(engine)
    assert desk.files()[str(kept.number)] == PDF
    desk.documents.shelf.sweep(timedelta(0))
    assert desk.files() == {str(kept.number): PDF}


def test_a_download_that_breaks_off_leaves_nothing(desk: Desk, engine: Engine) -> None:
    said = desk.sent(PDF)
    desk.control.fail(502, method="getFile", times=1)
    assert desk.receive(said).lines == ("the file cannot be downloaded",)
    assert (desk.files(), list_documents(engine)) == ({}, [])
    assert "is kept" in desk.receive(said).lines[0]


def test_a_folder_that_cannot_be_written_to_is_told_without_its_path(
    desk: Desk,
) -> None:
    desk.folder.write_text("a file is here", encoding="utf-8")
    said = desk.sent(PDF)
    (line,) = desk.receive(said).lines
    assert line == "The document could not be fetched; send it again."


def test_what_is_left_of_killed_processes_goes_when_the_bot_begins(
    desk: Desk, engine: Engine
) -> None:
    desk.take(PDF)
    shelf = desk.documents.shelf
    half, orphan = shelf.new_file(), shelf.file_of(4711)
    orphan.write_bytes(PDF)
    foreign = desk.folder / "README"
    foreign.write_text("not of the bot", encoding="utf-8")
    shelf.sweep()  # somebody may be about to keep them
    assert half.exists()
    assert orphan.exists()
    shelf.sweep(timedelta(0))
    assert desk.files().keys() == {"1", "README"}
    assert len(list_documents(engine)) == 1


def test_there_is_an_end_to_what_is_kept(desk: Desk, engine: Engine) -> None:
    small = replace(desk, most_kept=2 * len(PDF))
    assert "Document 1 is kept" in small.take(PDF)
    small.take(PDF)
    assert small.take(b"x") == (
        "there is no room for another document; remove one first, such as the oldest:"
        " `documents remove 1`"
    )
    assert len(list_documents(engine)) == 2
    dialogue = Dialogue(engine, current_settings)
    oleg = telegram(OPERATOR)
    asked = dialogue.reply_to(Message(oleg, PLACE, "/documents_remove"))
    assert [one.label for one in asked.buttons] == [
        "#2 report.pdf",
        "#1 report.pdf",
        "Never mind",
    ]
    told = dialogue.reply_to(Message(oleg, PLACE, "1"))
    assert told.lines == ("document 1 is removed",)
    assert "is kept" in small.take(b"x")
    small.documents.shelf.sweep(timedelta(0))
    assert len(small.files()) == 2
    assert "1" not in small.files()


def test_documents_are_listed_for_who_may_publish(desk: Desk, engine: Engine) -> None:
    desk.take(PDF, "March.pdf")
    dialogue = Dialogue(engine, current_settings)
    reply = dialogue.reply_to(Message(telegram(OPERATOR), PLACE, "documents"))
    assert [row[:5] for row in reply.rows] == [
        ("#1", "March.pdf", "application/pdf", "1,009", "Oleg")
    ]
    refused = dialogue.reply_to(Message(telegram(VIEWER), PLACE, "documents"))
    assert refused.lines[0].startswith("a viewer may not documents list")
    gone = dialogue.reply_to(Message(telegram(OPERATOR), PLACE, "documents remove 9"))
    assert gone.lines == ("there is no document 9; see `documents list`",)


def test_a_bot_without_a_folder_takes_none(desk: Desk, engine: Engine) -> None:
    told = Dialogue(engine, current_settings).reply_to(desk.sent(PDF))
    assert told.lines == ("I take no documents here.",)


def test_a_message_without_a_document_stays_as_it_is(desk: Desk) -> None:
    said = Message(telegram(VIEWER), PLACE, "status")

    async def pass_on() -> Message:
        async with fetched(desk.bot, desk.documents, said, download) as message:
            return message

    assert asyncio.run(pass_on()) is said
