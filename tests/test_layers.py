"""A room imports only from floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

# Top floor first; a module may import those of lower floors, and its equals' parts.
FLOORS = [
    {"pipelines.__main__"},
    {"pipelines.commands.cli"},
    {
        "pipelines.commands.backfill",
        "pipelines.commands.clear",
        "pipelines.commands.deadlines",
        "pipelines.commands.connections",
        "pipelines.commands.plan",
        "pipelines.commands.refresh",
        "pipelines.commands.run",
        "pipelines.commands.status",
        "pipelines.commands.verify",
    },
    {"pipelines.commands.screens.status_grid", "pipelines.verify"},
    {"pipelines.runs.backfill", "pipelines.commands.options", "pipelines.runs.refresh"},
    {"pipelines.runs.backfill_work", "pipelines.commands.screens.connections"},
    {"pipelines.runs.metrics"},
    {
        "pipelines.commands.screens.progress_bar",
        "pipelines.runs.range_report",
        "pipelines.runs.luigi_run",
        "pipelines.runs.outcome",
    },
    {"pipelines.commands.screens.connection_tests"},
    {"pipelines.reports"},
    {"pipelines.orders", "pipelines.calls", "pipelines.rates"},
    {"pipelines.tasks"},
    {"pipelines.tasks.event_handlers"},
    {"pipelines.tasks.reload_days"},
    {"pipelines.tasks.load_days"},
    {"pipelines.tasks.task_classes"},
    {"pipelines.tasks.load"},
    {"pipelines.load.attempts"},
    {
        "pipelines.tasks.progress",
        "pipelines.tasks.lost_sessions",
        "pipelines.reports",
        "pipelines.load.encoding",
        "pipelines.tasks.targets",
        "pipelines.load.transfer",
    },
    {"pipelines.planning.status", "pipelines.planning.plan"},
    {"pipelines.alerts"},
    {
        "pipelines.deploy",
        "pipelines.planning.estimates",
        "pipelines.mail",
    },
    {"pipelines.etl_db.session_queries"},
    {
        "pipelines.planning.selection",
        "pipelines.load.encoding",
        "pipelines.etl_db.sessions",
    },
    {"pipelines.warehouse", "pipelines.source"},
    {"pipelines.reporting.sql"},
    {
        "pipelines.etl_db.database",
        "pipelines.runtime.failure_lines",
        "pipelines.mail.smtp",
        "pipelines.planning.selection",
        "pipelines.sql.rendering",
    },
    {"pipelines.etl_db.migrations", "pipelines.config.settings"},
    {"pipelines.config.sections"},
    {"pipelines.catalog.reports", "pipelines.catalog.partitions"},
    {"pipelines.catalog.tables", "pipelines.config", "pipelines.config.variables"},
    {"pipelines.config.lookup"},
    {"pipelines.tasks.luigid"},
    {
        "pipelines.catalog.columns",
        "pipelines.etl_db.errors",
        "pipelines.catalog.day_ranges",
        "pipelines.runtime.run_ledger",
        "pipelines.config.luigi_cfg",
        "pipelines.tasks.prechecked",
        "pipelines.runtime.failover",
        "pipelines.runtime.retries",
        "pipelines.sql.quoting",
    },
    {"pipelines.catalog.days"},
    {
        "pipelines.runtime.time_limit",
        "pipelines.config.due_times",
        "pipelines.errors",
        "pipelines.runtime.exit_codes",
        "pipelines.runtime.container_init",
        "pipelines.runtime.logs",
        "pipelines.runtime.failover",
        "pipelines.runtime.failure_lines",
        "pipelines.runtime.shared_records",
        "pipelines.runtime.signals",
        "pipelines.load.stage_clock",
        "pipelines.tasks.watched",
    },
    {"pipelines"},
]


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "pipelines":
            found.update(f"pipelines.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def floor(module: str) -> int | None:
    """The floor of a module of `pipelines`, or of the room that it is in."""
    room = ".".join(module.split(".")[:2])
    return next((at for at, rooms in enumerate(FLOORS) if room in rooms), None)


def modules(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules("pipelines"), ids=lambda path: path.stem)
def test_a_module_of_the_product_imports_downwards_only(path: Path) -> None:
    name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    if name.endswith("__init__") or path.parent.name == "catalogs":
        return
    own = floor(name)
    assert own is not None, f"{name} has no floor"
    room = ".".join(name.split(".")[:2])
    for imported in imports(path):
        below = floor(imported)
        if imported.startswith("pipelines.") and below is not None:
            same_room = imported.startswith(room)
            assert below > own or same_room, f"{name} imports {imported}"


def test_the_product_knows_nothing_of_the_sandbox_or_the_tests() -> None:
    for package in ("pipelines", "lowlevel"):
        for path in modules(package):
            rooms = {module.split(".")[0] for module in imports(path)}
            assert not rooms & {"benchmarks", "sandbox", "tests"}, path


def test_the_encoder_knows_nothing_of_the_product() -> None:
    for path in modules("lowlevel"):
        assert not {name for name in imports(path) if name.startswith("pipelines")}
