"""`shardline render`: a report's SQL from its template, without any database."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from pipelines.config import CatalogFiles, Variables
from pipelines.errors import ConfigurationError
from pipelines.sql import Dialect, render_file
from tests.kit import commands
from tests.kit.project import REPOSITORY, Project, Result, finished
from tests.kit.terminal import on_terminal
from tests.kit.unreachable import UNREACHABLE

SNAPSHOTS = Path(__file__).parent / "snapshots"
ENTRY = """
[north]
title = "Orders of the north"
tables = ["orders"]
target = "reports.north"
sql = "north.sql"
headline = { label = "orders", sql = "SUM(orders)", format = ",.0f" }
columns = { day = "DATE", orders = "INTEGER" }
"""
LIMITS = '{"cities": ["abakan", "n\'orth"], "least": {"rows": -3}}'


def render(folder: Path, report: str, **environment: str) -> Result:
    """`shardline render REPORT`, where no warehouse can be reached."""
    words = ("shardline", "render", report, "--date", "2019-03-14")
    variables = {**os.environ, **UNREACHABLE, **environment}
    return finished(commands.start(words, folder, variables))


def own(folder: Path, sql: str) -> None:
    """A project with one report of its own."""
    (folder / "north.sql").write_text(sql, encoding="utf-8")
    (folder / "reports.toml").write_text(ENTRY, encoding="utf-8")
    (folder / "luigi.cfg").write_text("[catalog]\nreports = reports.toml\n")


def test_a_file_gets_the_sql_as_it_is_sent_and_a_terminal_as_it_is_read(
    project: Project,
) -> None:
    own(project.folder, "SELECT {{ var.region }} AS region,\n  'b' AS b")
    project.options["catalog"] = {"reports": str(project.folder / "reports.toml")}
    project.add_shard("first", ddl="")
    region = "\x1b[31m\u202enorth"
    words = ("shardline", "render", "north", "--date", "2019-03-14")
    named = {"SHARDLINE_VARIABLE_REGION": region}
    environment = {**project.environment(), **named}
    piped = finished(commands.start(words, project.folder, environment))
    assert f"SELECT '{region}' AS region,\n  'b' AS b" in piped.out
    screen = on_terminal(project, *words, columns=80, **named)
    assert r"SELECT '\x1b[31m\u202enorth' AS region," in "\n".join(screen.lines)
    assert screen.styles == []


def test_the_packaged_reports_are_rendered_as_they_were(tmp_path: Path) -> None:
    names = list(tomllib.loads(CatalogFiles().reports.read_text(encoding="utf-8")))
    assert len(names) == 5
    script = (
        "from click.testing import CliRunner\n"
        "from pipelines.commands import shardline\n"
        f"for name in {names}:\n"
        "  words = ['render', name, '--date', '2019-03-14']\n"
        "  print(CliRunner().invoke(shardline, words).output, end='')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, **UNREACHABLE, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == "".join(
        (SNAPSHOTS / f"{name}.sql").read_text(encoding="utf-8") for name in names
    )


def test_a_template_has_the_day_the_shards_and_variables_at_hand(
    tmp_path: Path,
) -> None:
    own(
        tmp_path,
        """SELECT {{ ds }} AS day, COUNT(*) AS {{ var.column | ident }}
FROM {{ tables.orders }}
WHERE etl_source IN ({{ var.limits.cities }}) AND etl_source IN ({{ shards[:2] }})
AND rows > {{ var.limits.least.rows }} AND city <> {{ var.limits.cities[1] }}
""",
    )
    result = render(
        tmp_path,
        "north",
        SHARDLINE_VARIABLE_LIMITS=LIMITS,
        SHARDLINE_VARIABLE_COLUMN='or"ders',
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(
        """CREATE OR REPLACE VIEW "reports"."north_live" AS
SELECT DATE '2019-03-14' AS day, COUNT(*) AS "or""ders"
FROM "stage"."orders"
WHERE etl_source IN ('abakan', 'n''orth') AND etl_source IN ('abakan', 'achinsk')
AND rows > (-3) AND city <> 'n''orth';
"""
    )


def test_a_template_that_is_wrong_is_told_in_a_line(tmp_path: Path) -> None:
    own(tmp_path, "SELECT\n{{ regoin }}")
    result = render(tmp_path, "north")
    assert (result.code, result.out) == (2, "")
    (line,) = result.told
    assert line == (
        "shardline: north.sql line 2: 'regoin' is undefined; correct north.sql"
    )


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT {{ var.regoin }}", "unknown variable var.regoin: "),
        ("SELECT {{ var.limits.most }}", "unknown variable var.limits.most: "),
        ("SELECT {{ var.limits.cities[7] }}", "unknown variable var.limits.cities[7]"),
        ("SELECT {{ var.limits }}", "a Fields has no SQL literal"),
        ("SELECT {{ ds ", "unexpected end of template"),
        ("SELECT {% include 'x' %}", "there is no template 'x'"),
        ("SELECT {{ 1 / 0 }}", "division by zero"),
        ("SELECT {{ ds + 1 }}", "unsupported operand"),
    ],
)
def test_whatever_is_wrong_with_a_template_names_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, told: str
) -> None:
    monkeypatch.setenv("SHARDLINE_VARIABLE_LIMITS", LIMITS)
    path = tmp_path / "north.sql"
    path.write_text(sql, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        render_file(path, Dialect.VERTICA, ds=date(2019, 3, 14), var=Variables())
    assert error.value.cause.startswith(f"north.sql line 1: {told}")
    assert error.value.step


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT '{{ ds }}'", "{{ }} stands in quotes"),
        ("SELECT 1 -- {{ ds }}", "{{ }} stands in a comment of SQL"),
        ("SELECT /* {{ ds }} */ 1", "{{ }} stands in a comment of SQL"),
        ("SELECT /* /* */ {{ ds }} */ 1", "a comment of SQL stands within another"),
        (r"SELECT E'it\'s {{ text }}'", "{{ }} stands in quotes"),
        ("SELECT {% if ds %}'{% endif %}{{ text }}", "{{ }} stands in quotes"),
        ("SELECT {% if ds %}/*{% endif %}{{ text }}", "{{ }} stands in a comment"),
        ('SELECT "{{ text }}"', "{{ }} stands in quotes"),
        ("SELECT $${{ text }}$$", "{{ }} stands in quotes"),
        ("SELECT E{{ text }}", "{{ }} stands right beside a word or quotes"),
        ("SELECT {{ text }}{{ text }}", "{{ }} stands right beside a word or quotes"),
        ("SELECT E'x'\n{{ text }}", "{{ }} stands beside another string"),
        ("SELECT {{ '\ue000' }}", "U+E000 and U+E001 cannot be written"),
    ],
)
def test_a_value_that_would_be_no_literal_of_its_own_is_refused(
    tmp_path: Path, sql: str, told: str
) -> None:
    path = tmp_path / "north.sql"
    path.write_text(sql, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        render_file(path, Dialect.VERTICA, ds=date(2019, 3, 14), text="a\\'; DROP --")
    assert told in error.value.cause
    assert error.value.cause.startswith("north.sql")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT {{ cycler.__init__.__globals__.os.environ }}",
        "SELECT {{ ''.__class__.__mro__[1].__subclasses__() }}",
        "SELECT {{ shards.append('x') }}",
        "SELECT {{ ds.__class__ }}",
        "{% set x = shards.clear() %}SELECT 1",
        "SELECT {% for i in range(10 ** 9) %}x{% endfor %}",
    ],
)
def test_a_template_reaches_nothing_but_what_it_is_given(
    tmp_path: Path, sql: str
) -> None:
    path = tmp_path / "north.sql"
    path.write_text(sql, encoding="utf-8")
    shards = ["abakan"]
    with pytest.raises(ConfigurationError):
        render_file(path, Dialect.VERTICA, ds=date(2019, 3, 14), shards=shards)
    assert shards == ["abakan"]


def test_a_report_that_is_unknown_is_told_with_those_that_are(tmp_path: Path) -> None:
    result = render(tmp_path, "sales")
    assert result.code == 2
    assert result.err.startswith(
        "shardline: unknown report 'sales'; the reports are: city_orders, "
    )
