"""A room imports only from floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

# Top floor first; a module may import those of lower floors, and its equals' parts.
FLOORS = [
    {"pipelines.__main__"},
    {"pipelines.cli"},
    {
        "pipelines.backfill_commands",
        "pipelines.clear_commands",
        "pipelines.deadline_command",
        "pipelines.listing_commands",
        "pipelines.plan_commands",
        "pipelines.report_commands",
        "pipelines.run_command",
        "pipelines.status_commands",
        "pipelines.verify_commands",
    },
    {"pipelines.grid_view", "pipelines.verification"},
    {"pipelines.backfill", "pipelines.how_options", "pipelines.report_runner"},
    {"pipelines.backfill_work", "pipelines.listing"},
    {"pipelines.metrics"},
    {
        "pipelines.backfill_progress",
        "pipelines.range_reports",
        "pipelines.rounds",
        "pipelines.run_outcome",
    },
    {"pipelines.checks"},
    {"pipelines.reports"},
    {"pipelines.orders", "pipelines.calls", "pipelines.rates"},
    {"pipelines.tasks"},
    {"pipelines.events"},
    {"pipelines.reload_days"},
    {"pipelines.load_days"},
    {"pipelines.table_tasks"},
    {"pipelines.load"},
    {"pipelines.attempts"},
    {
        "pipelines.progress",
        "pipelines.recovery",
        "pipelines.report_targets",
        "pipelines.survey",
        "pipelines.targets",
        "pipelines.transfer",
    },
    {"pipelines.grid", "pipelines.plan"},
    {"pipelines.alerts"},
    {
        "pipelines.deploying",
        "pipelines.estimates",
        "pipelines.history",
        "pipelines.report_mail",
    },
    {"pipelines.session_queries"},
    {"pipelines.asked_days", "pipelines.day_encoders", "pipelines.sessions"},
    {"pipelines.warehouse", "pipelines.source"},
    {"pipelines.report_sql"},
    {
        "pipelines.database",
        "pipelines.failures",
        "pipelines.mail",
        "pipelines.selection",
        "pipelines.templates",
    },
    {"pipelines.migrations", "pipelines.settings"},
    {"pipelines.sections"},
    {"pipelines.report_entries", "pipelines.spans"},
    {"pipelines.catalog", "pipelines.connections", "pipelines.variables"},
    {"pipelines.lookup"},
    {"pipelines.luigid"},
    {
        "pipelines.columns",
        "pipelines.database_faults",
        "pipelines.grouping",
        "pipelines.ledger",
        "pipelines.luigi_cfg",
        "pipelines.prepared",
        "pipelines.reach",
        "pipelines.retries",
        "pipelines.template_quotes",
    },
    {"pipelines.days"},
    {
        "pipelines.deadlines",
        "pipelines.due_times",
        "pipelines.errors",
        "pipelines.exit_codes",
        "pipelines.first_process",
        "pipelines.logs",
        "pipelines.outages",
        "pipelines.repeats",
        "pipelines.shared_records",
        "pipelines.signals",
        "pipelines.stages",
        "pipelines.watched",
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
