"""The house is as docs/architecture.md tells; what it forbids, `make lint` finds."""

from __future__ import annotations

import configparser
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.project import REPOSITORY

HOUSE = REPOSITORY / "pipelines"
DOCUMENT = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists())


def contracts() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(REPOSITORY / ".importlinter", encoding="utf-8")
    return found


def modules(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]


def test_the_document_has_the_floors_of_the_contract_in_their_order() -> None:
    floors = contracts()["importlinter:contract:floors"]["layers"].split("\n")
    rows = re.findall(r"^\| (`[^|]*`) \|", DOCUMENT, re.MULTILINE)
    named = [re.findall(r"`([\w]+)(?:/|\.py)`", row) for row in rows]
    assert named == [line.split(" | ") for line in floors if line]


def test_every_room_has_a_face_that_is_held() -> None:
    held = contracts()
    for room in ROOMS:
        contract = held[f"importlinter:contract:face_of_{room}"]
        assert contract["protected_modules"] == f"pipelines.{room}.*"


@pytest.mark.parametrize("room", ROOMS)
def test_a_face_has_what_it_lists(room: str) -> None:
    face = importlib.import_module(f"pipelines.{room}")
    assert face.__all__
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_a_listing_of_each_room_fits_at_a_glance() -> None:
    assert len(list(HOUSE.glob("*.py"))) <= 7
    for room in set(ROOMS) - {"commands"}:
        assert 2 <= len(modules(HOUSE / room)) <= 16, room


def test_the_modules_that_the_document_names_exist() -> None:
    named = re.findall(r"`(pipelines/[\w/]+\.py)`", DOCUMENT)
    assert len(named) >= 18
    for path in named:
        assert (REPOSITORY / path).is_file(), path


@pytest.mark.parametrize(
    ("line", "replaced"),
    [
        ("from pipelines import events", "from pipelines.tasks import LoadDay"),
        ("from pipelines.load import LoadDay", "from pipelines.tasks import LoadDay"),
    ],
)
def test_what_the_documents_once_taught_says_what_replaced_it(
    line: str, replaced: str
) -> None:
    with pytest.raises(ImportError, match=replaced):
        exec(line)


def test_a_channel_of_ones_own_finds_what_it_needs() -> None:
    exec("from pipelines.alerts.channel import ChannelBusyError, Notice, Receipt")


def test_a_face_loads_what_is_asked_of_it_only() -> None:
    script = (
        "import sys\n"
        "from pipelines.catalog import Table\n"
        "import pipelines.mail, pipelines.alerts, pipelines.source\n"
        "heavy = {'luigi', 'pymssql', 'vertica_python', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert ended.stdout == "[]\n"
