"""SQL Server on loopback: TDS 7.1-7.4 over the sandbox's DuckDB engine.

The way of a request: `server` reads it (`packets`, `login`, `rpc`), `executor` runs
its statements, `reply` answers (`tokens`, `rows`, `cells`). A batch is parsed by a
parser of its own (`lexer`, `cursor`, `parse_*` into `syntax` and `commands`): a
translator between dialects folds what T-SQL keeps apart (real and float, datetime
and datetime2) and drops what it does not know. `compile_*` then gives every
expression its T-SQL type and writes DuckDB's SQL; only what has a compiler here is
taken, all else is error 50100, which names it.

Not there: stored procedures, views, functions, triggers, cursors, foreign keys,
computed columns, MERGE, OUTPUT, TRY ... CATCH, table variables, PIVOT, FOR XML, INSERT
BULK, encryption, MARS, isolation levels above READ COMMITTED, code pages of more than
one byte. Taken without effect: locking hints, indexes that are not unique, storage
options. A quotient of decimals is exact to 15 digits; uniqueidentifiers sort as
their text does; text in a column becomes a date only in ISO formats.
"""
