"""Every type of SQL Server arrives in Vertica value by value."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.kit.project import DAY, Project
from tests.kit.type_cases import CASES, DAY_START, Case

LONG = [case for case in CASES if case.in_vertica.startswith("long")]
"""A row of Vertica holds one of these."""

TABLES = [
    pytest.param([case for case in CASES if case not in LONG], id="short"),
    *(
        pytest.param(
            [case],
            id=case.declared,
            marks=pytest.mark.long,
        )
        for case in LONG
    ),
]


@pytest.mark.parametrize("rows", ["fast", "tuples"])
@pytest.mark.parametrize("cases", TABLES)
def test_every_type_arrives_value_by_value(
    project: Project, cases: Sequence[Case], rows: str
) -> None:
    project.options["load"] = {"rows": rows}
    height = max(len(case.values) for case in cases) + 1
    each = {f"v{at}": case for at, case in enumerate(cases)}
    columns = {name: case.declared.removesuffix(" null") for name, case in each.items()}
    declared = ", ".join(f'{name} = "{kind} null"' for name, kind in columns.items())
    project.tables = (
        f'[orders]\nquery = "SELECT id, at, {", ".join(columns)} FROM dbo.T"\n'
        'date_column = "at"\nkey = "id"\ntarget = "{schema}.orders"\n'
        f'columns = {{{{ id = "int", at = "datetime2", {declared} }}}}\n'
    )
    made = ", ".join(f"{name} {kind} NULL" for name, kind in columns.items())
    shard = project.add_shard(
        ddl=f"CREATE TABLE dbo.T (id int NOT NULL, at datetime2 NOT NULL, {made})"
    )
    for row in range(height):
        values = [(*case.values, *["NULL"] * height)[row] for case in each.values()]
        project.on_shard(
            shard,
            f"INSERT INTO dbo.T VALUES ({row}, {DAY_START}, {', '.join(values)})",
        )
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    for name, case in each.items():
        rows = project.on_warehouse(f"SELECT {name} FROM {project.target} ORDER BY id")
        expected = (*case.values.values(), *[None] * height)[:height]
        # Vertica writes 15 digits of a float.
        assert [value for (value,) in rows] == [
            pytest.approx(value, rel=1e-14) if isinstance(value, float) else value
            for value in expected
        ], case.declared
        assert [type(value) for (value,) in rows] == [
            type(value) for value in expected
        ], case.declared
    stored = project.on_warehouse(
        "SELECT column_name, data_type FROM v_catalog.columns"
        f" WHERE table_schema = '{project.schema}' AND table_name = 'orders'"
    )
    kinds = {str(name): str(kind).lower() for name, kind in stored}
    assert {name: kinds[name] for name in each} == {
        name: case.in_vertica for name, case in each.items()
    }


def test_every_type_of_the_catalog_is_tried_here() -> None:
    from pipelines.catalog.columns import (  # noqa: PLC0415
        BINARY_TYPES,
        DECIMAL_TYPES,
        PLAIN_TYPES,
        TEXT_TYPES,
    )

    tried = {case.declared.partition("(")[0].removesuffix(" null") for case in CASES}
    known = {*TEXT_TYPES, *BINARY_TYPES, *DECIMAL_TYPES, *PLAIN_TYPES}
    assert known - tried == {"xml", "rowversion", "timestamp", "uniqueidentifier"}
