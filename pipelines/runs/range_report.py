"""What a run did for some days of a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipelines.catalog import DayRange
from pipelines.runtime import ExitCode


@dataclass
class RangeReport:
    """What a run did for some days of one table; all figures count days of shards.

    Attributes:
        table: The table.
        days: The days.
        asked: How many were asked for.
        present: How many were there before, and are left as they were.
        loaded: How many the run loaded itself.
        skipped: How many it found to have no rows.
        replaced: How many of both were there before, and have been replaced.
        missing: How many are not loaded, replaced or compared, at the end.
        rows: How many rows it loaded.
        warnings: What someone should see to, a line each.
        failures: What failed or has to wait, a line each.
        exit_code: How it ended.
    """

    table: str
    days: DayRange
    asked: int
    present: int = 0
    loaded: int = 0
    skipped: int = 0
    replaced: int = 0
    missing: int = 0
    rows: int = 0
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.COMPLETE

    def __str__(self) -> str:
        """One line."""
        replaced = f", {self.replaced:,} of them replaced" if self.replaced else ""
        return (
            f"{self.table} {self.days}: {self.asked - self.missing:,}"
            f" of {self.asked:,} {self.unit} complete: {self.loaded:,} loaded,"
            f" {self.skipped:,} skipped{replaced}, {self.present:,} already there,"
            f" {self.missing:,} missing; {self.rows:,} rows"
        )

    @property
    def unit(self) -> str:
        """What the figures count, for people."""
        return "shards" if len(self.days) == 1 else "days of shards"

    def worsen(self, code: ExitCode) -> None:
        """Note how another part of it ended: the greatest code wins."""
        self.exit_code = max(self.exit_code, code)

    def as_fields(self) -> dict[str, object]:
        """The same for programs."""
        fields = asdict(self) | {"exit_code": int(self.exit_code)}
        del fields["days"]
        days = {"from": str(self.days.first), "to": str(self.days.last)}
        return {"table": fields.pop("table"), **days, **fields}
