from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path

import pytest
from luigi.task_register import Register

from pipelines.catalog import Catalog, Partition, read_catalog
from pipelines.catalog.columns import Column
from pipelines.config import CatalogFiles
from pipelines.errors import ConfigurationError
from pipelines.tasks.class_lookup import PACKAGED

GOOD_TABLE = """
[orders]
query = "SELECT id, at FROM dbo.Orders"
date_column = "at"
key = "id"
target = "stage.orders"
columns = { id = "bigint", at = "datetime2" }
"""
GOOD_SHARDS = "server,shard,time_zone\nmssql_0,moscow,Europe/Moscow\n"


def read(folder: Path, tables: str = GOOD_TABLE, shards: str = GOOD_SHARDS) -> Catalog:
    (folder / "tables.toml").write_text(tables, encoding="utf-8")
    (folder / "shards.csv").write_text(shards, encoding="utf-8")
    return read_catalog(folder / "tables.toml", folder / "shards.csv")


def test_the_packaged_catalog_has_orders_and_150_shards_on_three_servers() -> None:
    files = CatalogFiles()
    packaged = read_catalog(files.tables, files.shards)
    servers = [shard.server for shard in packaged.shards.values()]
    assert {name: servers.count(name) for name in servers} == {
        "mssql_0": 50,
        "mssql_1": 50,
        "mssql_2": 50,
    }
    orders = packaged.table("orders")
    assert [(c.name, c.kind, c.nullable) for c in orders.columns] == [
        ("id", "bigint", False),
        ("start_time", "datetime2", False),
        ("end_time", "datetime2", True),
        ("type", "int", False),
        ("data", "uniqueidentifier", False),
    ]


def test_every_table_of_the_packaged_catalog_has_its_task() -> None:
    files = CatalogFiles()
    packaged = read_catalog(files.tables, files.shards)
    assert list(packaged.tables) == ["orders", "calls", "rates"]
    for name in packaged.tables:
        importlib.import_module(PACKAGED[name])
        task = Register.get_task_cls(f"Load{name.capitalize()}")
        assert task.table == name
        assert task.shard_task.get_task_family() == f"Load{name.capitalize()}Shard"


def test_no_table_is_called_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'all' means every table"):
        read(tmp_path, GOOD_TABLE.replace("[orders]", "[all]"))


def test_every_fault_of_both_files_is_named_at_once(tmp_path: Path) -> None:
    tables = """
[orders]
query = "SELECT 1"
date_column = "when"
key = "data"
target = "orders"
[orders.columns]
data = "uniqueidentifier"
etl_id = "bigint"
odd = "geography"

[Calls]
query = ""
"""
    shards = (
        "server,shard,time_zone\n"
        "mssql_0,moscow,Europe/Moscow\n"
        "mssql_0,moscow,Europe/Moscow\n"
        "mssql_0,ufa,Asia/Ufa\n"
        ",omsk,Asia/Omsk\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, tables, shards)
    told = str(caught.value)
    for fault in (
        "tables.toml [orders] target: 'orders' is not of the form schema.table",
        "unknown type 'geography'",
        "tables.toml [Calls] query",
        "tables.toml [Calls] columns",
        "shards.csv line 3: shard 'moscow' is there twice",
        "shards.csv line 4 time_zone: 'Asia/Ufa' is not a known time zone",
        "shards.csv line 5 server",
    ):
        assert fault in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"datetime2" }', '"int" }'), "date_column 'at' must be datetime2"),
        (('"datetime2" }', '"datetime2 null" }'), "date_column 'at' must be"),
        (('id = "bigint"', 'id = "bit"'), "key 'id' must be bigint or int"),
        (('key = "id"', 'key = "nr"'), "key 'nr' is not among the columns"),
        (('"datetime2" }', '"datetime2", hash_id = "int" }'), "the load itself adds"),
        (('"datetime2" }', '"datetime2", n = "nvarchar" }'), "needs a size"),
        (('"datetime2" }', '"datetime2", n = "varchar(21667)" }'), "needs a size"),
        (('key = "id"', 'key = "id"\nkeys = 1'), "keys: Extra inputs"),
    ],
)
def test_an_entry_that_cannot_be_loaded_is_refused(
    tmp_path: Path, change: tuple[str, str], fault: str
) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        read(tmp_path, GOOD_TABLE.replace(*change))


@pytest.mark.parametrize(
    ("tables", "shards"),
    [
        ("[orders", GOOD_SHARDS),
        (GOOD_TABLE, ""),
        (GOOD_TABLE, "server,shard\nmssql_0,moscow\n"),
        ("orders = 1", GOOD_SHARDS),
        (GOOD_TABLE, GOOD_SHARDS + 'mssql_0,"ufa'),
    ],
)
def test_a_file_of_another_form_is_one_line(
    tmp_path: Path, tables: str, shards: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, tables, shards)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml cannot be read"):
        read_catalog(tmp_path / "nowhere.toml", tmp_path / "nowhere.csv")


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    assert list(read(tmp_path).shards) == ["moscow"]
    more = GOOD_SHARDS + "mssql_1,omsk,Asia/Omsk\n"
    assert list(read(tmp_path, shards=more).shards) == ["moscow", "omsk"]


def test_a_database_may_be_called_otherwise_than_its_shard(tmp_path: Path) -> None:
    shards = "server,shard,database,time_zone\nmssql_0,ufa,Ufa [old],Asia/Yekaterinburg"
    shard = read(tmp_path, shards=shards).shard("ufa")
    assert shard.database == "Ufa [old]"


@pytest.mark.parametrize(
    ("declared", "vertica", "octets", "nullable"),
    [
        ("bigint", "INTEGER", 0, False),
        ("tinyint null", "INTEGER", 0, True),
        ("BIT", "BOOLEAN", 0, False),
        ("datetime2(3) NULL", "TIMESTAMP", 0, True),
        ("uniqueidentifier", "UUID", 0, False),
        ("nvarchar(400) null", "VARCHAR(1200)", 1200, True),
        ("varchar( 20 )", "VARCHAR(60)", 60, False),
    ],
)
def test_a_declared_type_is_mapped_to_vertica(
    declared: str, vertica: str, octets: int, nullable: bool
) -> None:
    column = Column.parse("c", declared)
    assert (column.vertica, column.octets, column.nullable) == (
        vertica,
        octets,
        nullable,
    )


def test_a_partition_is_named_in_one_line(tmp_path: Path) -> None:
    read_catalog = read(tmp_path, shards=GOOD_SHARDS + '"a","two\nlines",Asia/Omsk\n')
    table, shard = read_catalog.table("orders"), read_catalog.shard("two\nlines")
    partition = Partition(table, shard, date(2019, 3, 14))
    assert str(partition) == "orders 2019-03-14 two lines"


def test_two_shards_may_not_share_a_database(tmp_path: Path) -> None:
    shards = (
        "server,shard,database,time_zone\n"
        "mssql_0,kazan,,Europe/Moscow\n"
        "mssql_0,kazan2,KAZAN,Europe/Moscow\n"
    )
    with pytest.raises(ConfigurationError, match="database is that of shard 'kazan'"):
        read(tmp_path, shards=shards)


def test_two_tables_may_not_share_a_target(tmp_path: Path) -> None:
    again = GOOD_TABLE.replace("[orders]", "[calls]").replace("stage", "STAGE")
    with pytest.raises(ConfigurationError, match=r"\[calls\] target: .* \[orders\]'s"):
        read(tmp_path, GOOD_TABLE + again)


def test_every_column_that_is_wrong_is_named(tmp_path: Path) -> None:
    wrong = '"datetime2", a = "geography", b = "varchar(0)", A = "int" }'
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, GOOD_TABLE.replace('"datetime2" }', wrong))
    assert "column 'a'" in str(caught.value)
    assert "column 'b'" in str(caught.value)
