"""`subscribe`: what is told where, besides the configured chats."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from pipelines.alerts import (
    Subscription,
    Topic,
    list_subscriptions,
    subscribe,
    unsubscribe,
)
from pipelines.config import TELEGRAM_CONNECTION
from pipelines.errors import ConfigurationError
from pipelines.operations.access.identities import IdentityKind
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Name, Written, is_name
from pipelines.operations.verb import Answer, Change, Context, Look, RefusedError

ALL = "all"
"""The subject of who wants to hear of every table and report."""

Place = Annotated[Name, Written("PLACE", None)]

PLACE_HELP = (
    "Where: telegram:CHAT, or telegram:CHAT/TOPIC, by their numbers; without, the chat"
    " in which this is wished. Another one is an admin's to name."
)


class SubscriptionsArguments(Arguments):
    """Of which place."""

    place: Place | None = Field(
        default=None, description="Of this place; in a chat, of that one without."
    )


class SubscribeArguments(Arguments):
    """What, and where."""

    subject: Annotated[Name, Written("SUBJECT", is_name, (), "")] = Field(
        default=ALL, description="A table or report; `all` is each."
    )
    place: Place | None = Field(default=None, description=PLACE_HELP)


def _list(context: Context, arguments: SubscriptionsArguments) -> Answer:
    is_shell = context.caller.identity.kind is IdentityKind.SHELL
    place = arguments.place or (None if is_shell else context.place)
    found = list_subscriptions(context.engine, place)
    return Answer(
        heads=("place", "what", "who", "since"),
        rows=[_cells(one) for one in found],
        data=[_fields(one) for one in found],
    )


def _subscribe(
    connection: Connection, context: Context, arguments: SubscribeArguments
) -> Answer:
    _check_told(context)
    place, subject = _place(context, arguments.place), _subject(context, arguments)
    identity = str(context.caller.identity)
    subscribe(connection, place, Topic.INCIDENTS, subject, identity)
    told = f"{_what(arguments)} are told at {place} from now on"
    return Answer((told,), data={"place": place, "subject": arguments.subject})


def _unsubscribe(
    connection: Connection, context: Context, arguments: SubscribeArguments
) -> Answer:
    place = _place(context, arguments.place)
    subject = "" if arguments.subject == ALL else arguments.subject
    unsubscribe(connection, place, Topic.INCIDENTS, subject)
    told = f"{_what(arguments)} are not told at {place} any more"
    return Answer((told,), data={"place": place, "subject": arguments.subject})


def _place(context: Context, named: str | None) -> str:
    """Where something is told; who is no admin names no other place.

    Raises:
        RefusedError: It is not theirs to name.
    """
    if named is None or named == context.place:
        return context.place
    if not context.caller.may(Capability.MANAGE):
        raise RefusedError(
            f"only an admin names another place, such as {named!r}",
            step="wish for it in that chat",
        )
    return named


def _check_told(context: Context) -> None:
    """Refuse to promise what no sender would do.

    Raises:
        ConfigurationError: Telegram is none of the channels.
    """
    if TELEGRAM_CONNECTION not in context.settings().alerts.channels:
        raise ConfigurationError(
            f"nothing would be told: {TELEGRAM_CONNECTION} is not among"
            " [alerts] channels",
            step="name it there first",
        )


def _subject(context: Context, arguments: SubscribeArguments) -> str:
    """A table or a report that there is; empty for all.

    Raises:
        ConfigurationError: There is none of that name.
    """
    subject, settings = arguments.subject, context.settings()
    if subject == ALL:
        return ""
    if subject in settings.catalog.tables or subject in settings.report_entries:
        return subject
    raise ConfigurationError(
        f"there is no table or report {subject!r}",
        step=f"name one that there is, or `{ALL}`",
    )


def _what(arguments: SubscribeArguments) -> str:
    is_all = arguments.subject == ALL
    return "all incidents" if is_all else f"incidents of {arguments.subject}"


def _cells(one: Subscription) -> tuple[str, ...]:
    what = f"{one.topic} of {one.subject or ALL}"
    return one.place, what, one.identity, f"{one.added:%Y-%m-%d %H:%M}"


def _fields(one: Subscription) -> dict[str, object]:
    return {
        "place": one.place,
        "topic": one.topic.value,
        "subject": one.subject or ALL,
        "identity": one.identity,
        "added": one.added.isoformat(),
    }


SUBSCRIPTIONS = Look(
    name="subscriptions list",
    summary="List what is told where, besides the configured chats.",
    capability=Capability.LOOK,
    arguments=SubscriptionsArguments,
    example="place=telegram:-1001234567890",
    aliases=("subscriptions",),
    run=_list,
)

SUBSCRIBE = Change(
    name="subscriptions add",
    summary="Have incidents told here, too: of a table or report, or of all.",
    capability=Capability.LOOK,
    arguments=SubscribeArguments,
    example="orders",
    aliases=("subscribe",),
    run=_subscribe,
)

UNSUBSCRIBE = Change(
    name="subscriptions remove",
    summary="Have incidents told here no more.",
    capability=Capability.LOOK,
    arguments=SubscribeArguments,
    example="orders",
    aliases=("unsubscribe",),
    run=_unsubscribe,
)
