"""The statements of a load, by name, in the order in which they reach the servers."""

from __future__ import annotations

STEPS = {
    "look for the marker": ("vertica", r'^SELECT "etl_id".*WHERE "target_table" ='),
    "use the database": ("mssql_0", r"^USE "),
    "describe the query": ("mssql_0", r"^SELECT d\.name"),
    "describe the table": ("mssql_0", r"^SELECT COLUMN_NAME"),
    "copy": ("vertica", r"^COPY "),
    "extract": ("mssql_0", r"^SELECT\s+q\."),
    "count": ("vertica", r"^SELECT GET_NUM_ACCEPTED_ROWS"),
    "insert the marker": ("vertica", r'^INSERT INTO "stage"."markers"'),
    "commit": ("vertica", r"^COMMIT"),
}
