"""The options of each section of luigi.cfg, typed, most with defaults that work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from tenacity import Retrying

from pipelines.catalog import BatchSize, Bounds, split_target
from pipelines.errors import TransientError
from pipelines.network import host_and_port
from pipelines.runtime import GRACE, retrying
from pipelines.text import known_secrets

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Name = Annotated[str, Field(min_length=1)]


def _none_if_empty(given: object) -> object:
    return given or None


OptionalFile = Annotated[Path | None, BeforeValidator(_none_if_empty)]

LONGEST_PAUSE = 3_600
"""Most seconds between two attempts at what a run asks; as many as `retry_pause`."""


class Section(BaseModel):
    """Options that are checked together, and do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reached(Section):
    """A server; `addresses` has it with those that are tried after it.

    Host, user and password have no default, since none would be right; they may come
    from a connection, so only when that is read is it known whether one is `lacking`.
    """

    host: Name = ""
    port: Port
    user: Name = ""
    password: SecretStr = SecretStr("")

    _in_turn: tuple[Self, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _remember_password(self) -> Self:
        """Have no text show it."""
        known_secrets().add(self.password.get_secret_value(), self.user)
        return self

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Be what another process had; it has no text show the password either."""
        super().__setstate__(state)
        known_secrets().add(self.password.get_secret_value(), self.user)

    @property
    def address(self) -> str:
        """Host and port."""
        return host_and_port(self.host, self.port)

    @property
    def lacking(self) -> list[str]:
        """What has not been given of what one of the addresses needs."""
        given = [address.model_fields_set for address in self.addresses]
        needed = ("host", "user", "password")
        return [name for name in needed if any(name not in one for one in given)]

    @property
    def addresses(self) -> tuple[Self, ...]:
        """The options of each address, to be tried in turn."""
        return self._in_turn or (self,)

    def with_addresses(self, addresses: Sequence[Self]) -> Self:
        """The same options, to be tried at these addresses in turn."""
        copy = self.model_copy()
        copy._in_turn = tuple(addresses)  # noqa: SLF001 - our own, of our copy
        return copy


class Warehouse(Reached):
    """``[warehouse]``: the Vertica that everything lands in."""

    port: Port = 5433
    database: Name = "warehouse"
    tlsmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = (
        "verify-full"
    )
    tls_cafile: OptionalFile = None
    tls_certfile: OptionalFile = None
    tls_keyfile: OptionalFile = None
    markers: Annotated[str, AfterValidator(split_target)] = "stage.markers"
    login_timeout: Seconds = 15
    lock_timeout: Seconds = 300
    connection_timeout: Seconds = 330
    transfer_timeout: Seconds = 14_400

    @model_validator(mode="after")
    def _patience(self) -> Self:
        if self.connection_timeout <= self.lock_timeout:
            raise ValueError(
                "connection_timeout must be longer than lock_timeout, or a load that"
                " waits for a lock is cut off"
            )
        if self.transfer_timeout < self.connection_timeout:
            raise ValueError(
                "transfer_timeout must not be shorter than connection_timeout, which"
                " each message of a transfer has"
            )
        return self

    @model_validator(mode="after")
    def _certificate(self) -> Self:
        if self.tls_keyfile and not self.tls_certfile:
            raise ValueError(
                "tls_keyfile is the key of a tls_certfile, which is not set"
            )
        return self


TLS_PACKET_OCTETS = 16_383
"""Most octets of an encrypted packet of SQL Server's: a record of TLS takes no more."""


class Server(Reached):
    """``[sqlserver]`` and ``[NAME]``: how one SQL Server is reached."""

    port: Port = 1433
    encryption: Literal["off", "request", "require"] = "require"
    trust_server_certificate: bool = False
    tls_cafile: OptionalFile = None
    packet_octets: Annotated[int, Field(ge=4_096, le=32_767)] = 8_000
    login_timeout: Annotated[int, Field(gt=0, le=86_400)] = 15
    lock_timeout: Seconds = 60
    timeout: Annotated[int, Field(gt=0, le=86_400)] = 600
    transfer_timeout: Seconds = 14_400

    @model_validator(mode="after")
    def _packets(self) -> Self:
        if self.encryption != "off" and self.packet_octets > TLS_PACKET_OCTETS:
            raise ValueError(
                f"packet_octets must not be more than {TLS_PACKET_OCTETS} unless"
                " encryption is off: SQL Server breaks off encrypted connections with"
                " larger packets"
            )
        return self


RowsMode = Literal["auto", "fast", "tuples"]
"""How rows are read: from under the driver, or as its tuples."""


class LoadOptions(Section):
    """``[load]``: how a day is loaded."""

    rows: RowsMode = "auto"
    batch_rows: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    batch_octets: Annotated[int, Field(ge=1)] = 16 << 20
    settle_minutes: Annotated[float, Field(ge=0, le=525_600)] = 60
    attempts: Annotated[int, Field(ge=1, le=100)] = 4
    backoff: Seconds = 1
    backoff_max: Seconds = 30
    patience: Annotated[float, Field(ge=0, le=86_400)] = 180
    group_days: Annotated[int, Field(ge=1, le=366)] = 31
    group_rows: Annotated[int, Field(ge=1)] = 1_000_000
    slice_tasks: Annotated[int, Field(ge=1, le=10_000)] = 100

    @property
    def batch(self) -> BatchSize:
        """How much is read, encoded and sent at a time."""
        return BatchSize(rows=self.batch_rows, octets=self.batch_octets)

    @property
    def bounds(self) -> Bounds:
        """How much of a shard is read by one extract and loaded by one COPY."""
        return Bounds(days=self.group_days, rows=self.group_rows)

    def tries(self) -> Retrying:
        """Attempts for as long as what fails may pass, with the pauses between them."""
        return retrying(
            TransientError,
            attempts=self.attempts,
            backoff=self.backoff,
            backoff_max=self.backoff_max,
        )

    @property
    def settle(self) -> timedelta:
        """How long after its end a day is left alone, for rows written late."""
        return timedelta(minutes=self.settle_minutes)


class RunOptions(Section):
    """``[run]``: how a run deals with failures around it, and with its own end."""

    retries: Annotated[int, Field(ge=0, le=100)] = 2
    retry_pause: Annotated[float, Field(ge=0, le=3_600)] = 30
    luigid_patience: Annotated[float, Field(ge=0, le=86_400)] = 300
    grace: Annotated[float, Field(gt=0, le=3_600)] = GRACE
    memory_mib: Annotated[int, Field(ge=0)] = 4_096

    def tries(self) -> Retrying:
        """Attempts at what the run itself asks, with the pauses between them."""
        return retrying(
            TransientError,
            attempts=1 + self.retries,
            backoff=self.retry_pause,
            backoff_max=LONGEST_PAUSE,
        )


class MetricsOptions(Section):
    """``[metrics]``: where a run's figures for Prometheus go."""

    textfile: OptionalFile = None
    port: Annotated[Port | None, BeforeValidator(_none_if_empty)] = None


def _names(listed: object) -> object:
    """What stands between commas."""
    if not isinstance(listed, str):
        return listed
    return tuple(name for part in listed.split(",") if (name := part.strip()))


def _dotted(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name!r} is not a module's name, such as myteam.loads")
    return name


Module = Annotated[str, AfterValidator(_dotted)]


def _packaged(name: str) -> Path:
    return Path(str(files("pipelines.catalog.packaged").joinpath(name)))


class CatalogFiles(Section):
    """``[catalog]``: the files that name the tables, the shards and the reports.

    `modules` are those of the user that have classes of tables.
    """

    tables: Path = Field(default_factory=lambda: _packaged("tables.toml"))
    shards: Path = Field(default_factory=lambda: _packaged("shards.csv"))
    reports: Path = Field(default_factory=lambda: _packaged("reports.toml"))
    modules: Annotated[tuple[Module, ...], BeforeValidator(_names)] = ()


class ReportsOptions(Section):
    """``[reports]``: where it is noted what the reports have been refreshed from."""

    markers: Annotated[str, AfterValidator(split_target)] = "stage.report_markers"
    views: Annotated[str, AfterValidator(split_target)] = "stage.report_views"


class SessionsOptions(Section):
    """``[sessions]``: the ETL database with the log of every attempt."""

    database: SecretStr = SecretStr("sqlite:///shardline.db")
    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 400

    @property
    def keep(self) -> timedelta:
        """How long it keeps what is over."""
        return timedelta(days=self.keep_days)

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine, which no other container sees."""
        return make_url(self.database.get_secret_value()).drivername.startswith(
            "sqlite"
        )

    @field_validator("database")
    @classmethod
    def _address(cls, database: SecretStr) -> SecretStr:
        try:
            url = make_url(database.get_secret_value())
        except (ArgumentError, ValueError):
            # Their texts repeat parts of the address, which may be of its password.
            raise ValueError(
                "not a database's address: write sqlite:///FILE or"
                " postgresql+psycopg://USER:PASSWORD@HOST/NAME, with characters of"
                " the password such as @ and / percent-encoded"
            ) from None
        known_secrets().add(url.password or "", url.username or "")
        return database


class AlertsOptions(Section):
    """``[alerts]``: who is told of failures, and how patiently."""

    channels: Annotated[tuple[Name, ...], BeforeValidator(_names)] = ()
    deadline: Annotated[float, Field(gt=0, le=600)] = 30
    throttle: Annotated[float, Field(ge=0, le=3_600)] = 5
    patience: Annotated[float, Field(ge=0, le=3_600)] = 20


class BotOptions(Section):
    """``[bot]``: how `shardline bot` answers."""

    workers: Annotated[int, Field(ge=1, le=64)] = 8
    lease: Annotated[float, Field(ge=2, le=600)] = 40
    port: Annotated[Port | None, BeforeValidator(_none_if_empty)] = None
    processes: Annotated[int, Field(ge=0, le=16)] = 2
    documents: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None


class JobsOptions(Section):
    """``[jobs]``: how `shardline jobs work` works on long operations."""

    lease: Annotated[float, Field(ge=1, le=3_600)] = 30
    beat: Annotated[float, Field(ge=0.1, le=1_200)] = 10
    poll: Annotated[float, Field(ge=0.05, le=60)] = 1
    backoff: Seconds = 30
    per_server: Annotated[int, Field(ge=1, le=1_000)] = 2
    per_warehouse: Annotated[int, Field(ge=1, le=1_000)] = 4
    port: Annotated[Port | None, BeforeValidator(_none_if_empty)] = None

    @model_validator(mode="after")
    def _beats(self) -> Self:
        if self.beat > self.lease / 2:
            raise ValueError(
                "beat must be at most half of lease, or a job is begun again although"
                " its worker is well"
            )
        return self
