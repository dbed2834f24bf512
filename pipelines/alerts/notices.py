"""What is said of an incident, in plain text."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.alerts.channel import Action, Notice
from pipelines.alerts.incidents import VARIOUS, Extent, Incident

SHARDS_NAMED = 3
"""How many shards and tables are named; the others are counted."""

MINUTE_FORMAT = "%Y-%m-%d %H:%M"


def incident_notice(
    incident: Incident,
    extent: Extent,
    shards: int,
    *,
    silent: bool = False,
    actions: Sequence[Action] = (),
) -> Notice:
    """The message that shows an incident as it is.

    Args:
        incident: The incident.
        extent: What failed.
        shards: How many shards there are in all.
        silent: Whether the message is to wake nobody.
        actions: What people can do about it.
    """
    recovered = incident.closed is not None
    what = _what(incident.family, extent, shards)
    return Notice(
        number=incident.number,
        headline=what if recovered else f"{what} failed",
        cause=_cause(incident),
        facts=tuple(fact for fact in _facts(incident, extent) if fact),
        step="" if recovered else incident.step,
        recovered=recovered,
        silent=silent,
        showing=incident.showing,
        actions=tuple(actions),
    )


def handling_facts(incident: Incident) -> list[str]:
    """What people have done about an incident, a line each."""
    facts = []
    if incident.acknowledged:
        moment = f"{incident.acknowledged:{MINUTE_FORMAT}} UTC"
        facts.append(f"acknowledged by {incident.acknowledged_by} at {moment}")
    if incident.is_quiet:
        moment = f"{incident.muted_until:{MINUTE_FORMAT}} UTC"
        facts.append(f"muted until {moment} by {incident.muted_by}")
    return facts


def _what(family: str, extent: Extent, shards: int) -> str:
    days = _days(extent)
    if not extent.shards:
        said = family.split()  # of a table that has no class, its name, too
        tables = ", ".join(name for name in extent.subjects if name not in said)
        return " ".join(part for part in (family, tables, days) if part)
    if extent.days > 1:
        return f"{extent.partitions} loads of {family} {days}"
    of_all = f"{extent.shards} of {max(shards, extent.shards)} shards"
    return " ".join(part for part in (of_all, "of", family, days) if part)


def _days(extent: Extent) -> str:
    if extent.days > 1:
        return f"{extent.first_day} to {extent.last_day}"
    return str(extent.first_day or "")


def _cause(incident: Incident) -> str:
    if incident.fingerprint == VARIOUS:
        return f"many different causes, such as {incident.error}: {incident.message}"
    kind = f"{incident.error} {incident.code}".strip()
    return f"{kind}: {incident.message}"


def _facts(incident: Incident, extent: Extent) -> list[str]:
    return [
        _first(extent),
        _size(extent),
        _when(incident),
        f"{_ordinal(incident.nights)} night running" if incident.nights > 1 else "",
        *handling_facts(incident),
    ]


def _when(incident: Incident) -> str:
    if incident.closed:
        closed = f"{incident.closed:{MINUTE_FORMAT}}"
        return f"{incident.opened:{MINUTE_FORMAT}} to {closed} UTC"
    return f"since {incident.opened:{MINUTE_FORMAT}} UTC"


def _first(extent: Extent) -> str:
    if not extent.shards:
        return ""
    more = extent.shards - len(extent.first_shards)
    named = ", ".join(extent.first_shards)
    return f"first {named} and {more} more" if more else f"shards: {named}"


def _size(extent: Extent) -> str:
    """Of more than one shard and day, which the lines above it would not tell."""
    many = extent.shards > 1 and extent.days > 1
    return f"{extent.shards} shards, {extent.days} days" if many else ""


def _ordinal(number: int) -> str:
    teens = {11, 12, 13}
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in teens else ending}"
