"""Functions of our own inside DuckDB, which the translated SQL calls.

Their errors carry SQLSTATE and code. DuckDB picks an overload by the types of the
arguments, which the translation does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.vertica.catalog import MACROS
from sandbox.vertica.templates import MACRO as TEMPLATES

if TYPE_CHECKING:
    from sandbox.session import Session

_ERRORS = """
CREATE OR REPLACE MACRO {m}.fail(state, code, said) AS
    error('SQLSTATE ' || state || ' ' || code || ' ' || said);
CREATE OR REPLACE MACRO {m}.fit(x, octets, title) AS CASE
    WHEN strlen(x) > octets THEN {m}.fail('22001', 4800,
        'String of ' || strlen(x) || ' octets is too long for type ' || title)
    ELSE x END;
CREATE OR REPLACE MACRO {m}.fit_bytes(x, octets, title) AS CASE
    WHEN octet_length(x) > octets THEN {m}.fail('22001', 4800,
        'Value of ' || octet_length(x) || ' octets is too long for type ' || title)
    ELSE x END;
CREATE OR REPLACE MACRO {m}.truncated(x, octets) AS CASE
    WHEN strlen(x) <= octets THEN x
    ELSE left(x, len(list_filter(range(1, octets + 1),
        lambda i: strlen(left(x, i)) <= octets))) END;
CREATE OR REPLACE MACRO {m}.required(x, title) AS CASE
    WHEN x IS NULL THEN {m}.fail('22004', 2501,
        'Cannot set a NOT NULL column (' || title
        || ') to a NULL value in INSERT/UPDATE statement')
    ELSE x END;
CREATE OR REPLACE MACRO {m}.truth(x) AS CASE
    WHEN lower(CAST(x AS VARCHAR)) IN ('t', 'true', 'y', 'yes', '1', 'on') THEN true
    WHEN lower(CAST(x AS VARCHAR)) IN ('f', 'false', 'n', 'no', '0', 'off') THEN false
    WHEN x IS NULL THEN NULL
    ELSE {m}.fail('22V02', 3683,
        'Invalid input syntax for type boolean: "' || CAST(x AS VARCHAR) || '"')
    END;
CREATE OR REPLACE MACRO {m}.span(x) AS
    to_days(CAST(x // 86400000000 AS INTEGER)) + to_microseconds(x % 86400000000);
CREATE OR REPLACE MACRO {m}.divisor(x) AS CASE
    WHEN x = 0 THEN {m}.fail('22012', 3117, 'Division by zero')
    ELSE x END
"""

# Division by hand, as DuckDB has no exact one: the digits of n / d times 10^18, rounded
# half away from zero. Six at a time, and in lowest terms, so that a remainder of 32
# digits still fits 128 bits.
_DIVISION = """
CREATE OR REPLACE MACRO {m}.unscaled(x) AS
    CAST(trunc(x) AS HUGEINT) * 1000000000000000000
    + CAST((x - trunc(x)) * 1000000000000000000 AS HUGEINT);
CREATE OR REPLACE MACRO {m}.reduced(n, d) AS list_transform([{{n: n, d: d}}],
    lambda v: {{n: v.n // gcd(v.n, v.d), d: v.d // gcd(v.n, v.d)}});
CREATE OR REPLACE MACRO {m}.exact(n, d) AS CAST(0.000000000000000001
    * CAST(list_transform({m}.reduced(n, CAST({m}.divisor(d) AS HUGEINT)), lambda v:
        sign(v.n) * sign(v.d) * (
        abs(v.n) // abs(v.d) * 1000000000000000000
        + abs(v.n) % abs(v.d) * 1000000 // abs(v.d) * 1000000000000
        + abs(v.n) % abs(v.d) * 1000000 % abs(v.d) * 1000000 // abs(v.d) * 1000000
        + (abs(v.n) % abs(v.d) * 1000000 % abs(v.d) * 1000000 % abs(v.d) * 2000000
            + abs(v.d)) // (2 * abs(v.d)))
    )[1] AS DECIMAL(38, 0)) AS DECIMAL(38, 18));
CREATE OR REPLACE MACRO {m}.quotient
    (n HUGEINT, d HUGEINT) AS {m}.exact(n, d),
    (n DECIMAL(38, 18), d DECIMAL(38, 18)) AS
        {m}.exact({m}.unscaled(n), {m}.unscaled(d)),
    (n DOUBLE, d DOUBLE) AS n / {m}.divisor(d),
    (n INTERVAL, d DOUBLE) AS to_microseconds(
        CAST(round(epoch_us(n) / {m}.divisor(d)) AS BIGINT));
CREATE OR REPLACE MACRO {m}.continuous
    (x DOUBLE) AS x, (x INTERVAL) AS x;
CREATE OR REPLACE MACRO {m}.moment
    (x TIMESTAMP) AS x, (x TIMESTAMPTZ) AS x, (x INTERVAL) AS x
"""


def make_macros(session: Session) -> None:
    """Create or renew them in a session's database."""
    session.write(f"CREATE SCHEMA IF NOT EXISTS {MACROS}")
    for group in (_ERRORS, _DIVISION, TEMPLATES):
        for statement in group.format(m=MACROS).split(";\n"):
            session.write(statement.strip())
