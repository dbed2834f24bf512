"""TO_DATE and TO_TIMESTAMP: a template becomes a regular expression.

A text may end early, what it lacks is taken as the first of its kind, and what follows
the template is passed over. Source: the Vertica documentation, "Template patterns for
date/time formatting", and the cases of vertica-python's own tests.
"""

from __future__ import annotations

import re

from sqlglot import exp

from sandbox.vertica.catalog import MACROS
from sandbox.vertica.words import unsupported

# Each pattern of a template: the field it fills and what it reads. Longest first.
_PATTERNS = (
    ("YYYY", "year", r"\d+"), ("YYY", "year", r"\d{1,3}"), ("YY", "short", r"\d{1,2}"),
    ("Y", "year", r"\d"), ("MONTH", "named", r"[A-Za-z]{3,9}"),
    ("MON", "named", r"[A-Za-z]{3}"), ("MM", "month", r"\d{1,2}"),
    ("MI", "minute", r"\d{1,2}"), ("MS", "milli", r"\d{1,3}"),
    ("DDD", "yearday", r"\d{1,3}"), ("DD", "day", r"\d{1,2}"),
    ("HH24", "hour", r"\d{1,2}"), ("HH12", "hour", r"\d{1,2}"),
    ("HH", "hour", r"\d{1,2}"), ("SS", "second", r"\d{1,2}"),
    ("US", "micro", r"\d{1,6}"), ("TZ", "zone", r"[A-Za-z]*"),
    ("A.M.", "half", r"[AaPp]\.[Mm]\."), ("P.M.", "half", r"[AaPp]\.[Mm]\."),
    ("AM", "half", r"[AaPp][Mm]"), ("PM", "half", r"[AaPp][Mm]"),
    ("A.D.", "era", r"[AaBb]\.[CcDd]\."), ("B.C.", "era", r"[AaBb]\.[CcDd]\."),
    ("AD", "era", r"[AaBb][CcDd]"), ("BC", "era", r"[AaBb][CcDd]"),
)  # fmt: skip
_FIELDS = tuple(dict.fromkeys(field for _, field, _ in _PATTERNS))
_EACH = re.compile(
    "|".join(re.escape(pattern) for pattern, _, _ in _PATTERNS) + "|.",
    re.IGNORECASE | re.DOTALL,
)
_KNOWN = {pattern: (field, reads) for pattern, field, reads in _PATTERNS}

MACRO = """
CREATE OR REPLACE MACRO {m}.part(text, otherwise) AS
    CASE WHEN text = '' THEN otherwise ELSE CAST(text AS BIGINT) END;
CREATE OR REPLACE MACRO {m}.assembled(m, text) AS CASE
    WHEN text IS NULL THEN NULL
    WHEN m.found = '' THEN {m}.fail('22007', 2992,
        'Invalid value for the template: "' || text || '"')
    WHEN upper(m.zone) NOT IN ('', 'UTC', 'GMT', 'Z') THEN {m}.fail('0A000', 5366,
        'The sandbox does not support the time zone ' || m.zone)
    ELSE make_timestamp(
        CASE WHEN m.short <> '' THEN
            {m}.part(m.short, 0) + CASE WHEN {m}.part(m.short, 0) < 70
                THEN 2000 ELSE 1900 END
        WHEN upper(left(m.era, 1)) = 'B' THEN 1 - {m}.part(m.year, 1)
        ELSE {m}.part(m.year, 1) END,
        CASE WHEN m.named <> '' THEN list_position(['jan', 'feb', 'mar', 'apr', 'may',
            'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], lower(left(m.named, 3)))
        ELSE {m}.part(m.month, 1) END,
        {m}.part(m.day, 1),
        CASE WHEN m.half = '' THEN {m}.part(m.hour, 0)
        ELSE {m}.part(m.hour, 12) % 12
            + CASE WHEN upper(left(m.half, 1)) = 'P' THEN 12 ELSE 0 END END,
        {m}.part(m.minute, 0),
        {m}.part(m.second, 0) + {m}.part(rpad(m.milli, CASE WHEN m.milli = ''
            THEN 0 ELSE 3 END, '0'), 0) / 1000.0
            + {m}.part(rpad(m.micro, CASE WHEN m.micro = '' THEN 0 ELSE 6 END, '0'), 0)
            / 1000000.0
    ) + to_days(CAST({m}.part(m.yearday, 1) - 1 AS INTEGER)) END
"""


def read_by_template(text: exp.Expr, template: exp.Expr) -> exp.Expr:
    """The timestamp a text holds, as DuckDB computes it.

    Raises:
        SqlError: The template is not a literal, or has nothing to read.
    """
    if not isinstance(template, exp.Literal) or not template.is_string:
        raise unsupported("a template that is not a literal")
    pattern, fields = _regular_expression(template.name)
    groups = exp.Anonymous(
        this="regexp_extract",
        expressions=[
            text.copy(),
            exp.Literal.string(pattern),
            exp.Array(expressions=[exp.Literal.string(f) for f in fields]),
        ],
    )
    packed = exp.Anonymous(this="row", expressions=[groups, text.copy()])
    parts = ", ".join(
        f'"{field}" := ' + (f'x[1]."{field}"' if field in fields else "''")
        for field in ("found", *_FIELDS)
    )
    body = exp.var(f"lambda x: {MACROS}.assembled(struct_pack({parts}), x[2])")
    values = exp.Anonymous(
        this="list_transform", expressions=[exp.Array(expressions=[packed]), body]
    )
    return exp.Anonymous(this="list_extract", expressions=[values, exp.convert(1)])


def _regular_expression(template: str) -> tuple[str, list[str]]:
    """A template's regular expression, and what each of its groups is."""
    items = [found[0] for found in _EACH.finditer(template)]
    fields = ["found"]
    pieces: list[str] = []
    for place, item in enumerate(items):
        following = items[place + 1].upper() if place + 1 < len(items) else ""
        field, reads = _KNOWN.get(item.upper(), ("", ""))
        if not field:
            pieces.append(".?" if item.isalnum() else "[^A-Za-z0-9]*")
            continue
        if field in fields:
            raise unsupported(f"the template '{template}', which reads {field} twice")
        fields.append(field)
        if following in _KNOWN and reads.startswith("\\d"):
            reads = rf"\d{{{len(item.rstrip('1234567890'))}}}"
        pieces.append(f"({reads})")
    if len(fields) == 1:
        raise unsupported(f"the template '{template}'")
    tail = ""
    for piece in reversed(pieces[1:]):
        tail = f"(?:{piece}{tail})?"
    return f"^\\s*({pieces[0]}{tail})", fields
