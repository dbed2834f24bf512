"""Who somebody is, and what they may do."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from pipelines.errors import ConfigurationError
from pipelines.operations import (
    Capability,
    Identity,
    IdentityKind,
    Role,
    change_role,
    find_caller,
    invite,
    list_people,
    revoke,
)
from tests.kit.operations import invited, somebody, telegram

MAY = {
    Role.VIEWER: {Capability.LOOK},
    Role.OPERATOR: {Capability.LOOK, Capability.OPERATE},
    Role.ANALYST: {Capability.LOOK, Capability.QUERY},
    Role.ADMIN: set(Capability),
}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_document_says(engine: Engine, role: Role) -> None:
    somebody(engine, "Anna", 5, role)
    caller = find_caller(engine, telegram(5))
    assert {one for one in Capability if caller.may(one)} == MAY[role]
    assert caller.who == "Anna"


def test_a_stranger_may_nothing(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    stranger = find_caller(engine, telegram(6))
    assert not any(stranger.may(one) for one in Capability)
    assert stranger.who == "telegram:6"


def test_a_subject_is_somebody_s_only_with_its_kind(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    other = find_caller(engine, Identity(IdentityKind.PROXY, "5"))
    assert other.role is None


def test_who_was_revoked_may_nothing_at_once(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    with engine.begin() as connection:
        revoke(connection, "Anna")
    caller = find_caller(engine, telegram(5))
    assert not any(caller.may(one) for one in Capability)
    (person,) = list_people(engine)
    assert person.revoked
    assert person.identities == ()


def test_a_role_counts_from_the_next_wish_on(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    with engine.begin() as connection:
        change_role(connection, "Anna", Role.VIEWER)
    assert find_caller(engine, telegram(5)).role is Role.VIEWER


def test_nobody_can_lock_the_shell_out(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    with engine.begin() as connection:
        revoke(connection, "Anna")
    root = find_caller(engine, Identity(IdentityKind.SHELL, "root"))
    assert root.may(Capability.MANAGE)


def test_who_comes_back_has_nothing_of_before(engine: Engine) -> None:
    somebody(engine, "Anna", 5, Role.ADMIN)
    with engine.begin() as connection:
        revoke(connection, "Anna")
    somebody(engine, "Anna", 6, Role.VIEWER)
    assert find_caller(engine, telegram(5)).role is None
    assert find_caller(engine, telegram(6)).role is Role.VIEWER


@pytest.mark.parametrize("name", ["", " Anna", "a:b", "a\u202eb", "a\nb", "x" * 101])
def test_a_name_can_be_read_and_is_no_identity(engine: Engine, name: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="is no name for a person"),
        engine.begin() as connection,
    ):
        invite(connection, name, Role.VIEWER)
    assert list_people(engine) == []


def test_an_invitation_does_not_change_the_role_of_who_is_there(
    engine: Engine,
) -> None:
    somebody(engine, "Anna", 5, Role.VIEWER)
    with pytest.raises(ConfigurationError, match="with another role"):
        invited(engine, "Anna", Role.ADMIN)
    assert find_caller(engine, telegram(5)).role is Role.VIEWER


@pytest.mark.parametrize("change", [revoke, lambda c, n: change_role(c, n, Role.ADMIN)])
def test_nobody_is_not_changed(engine: Engine, change: object) -> None:
    assert callable(change)
    with (
        pytest.raises(ConfigurationError, match="there is no 'Anna'"),
        engine.begin() as connection,
    ):
        change(connection, "Anna")


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (IdentityKind.TELEGRAM, "@anna"),
        (IdentityKind.TELEGRAM, "anna"),
        (IdentityKind.TELEGRAM, "0"),
        (IdentityKind.TELEGRAM, "05"),
        (IdentityKind.TELEGRAM, "-100123"),
        (IdentityKind.TELEGRAM, "5 "),
        (IdentityKind.TELEGRAM, "5\n"),
        (IdentityKind.TELEGRAM, "\u0665"),
        (IdentityKind.TELEGRAM, "1" * 20),
        (IdentityKind.TELEGRAM, "777000"),
        (IdentityKind.TELEGRAM, "1087968824"),
        (IdentityKind.TELEGRAM, "136817688"),
        (IdentityKind.PROXY, ""),
        (IdentityKind.PROXY, " anna"),
        (IdentityKind.PROXY, "an\u200bna"),
        (IdentityKind.PROXY, "x" * 201),
    ],
)
def test_what_several_people_may_be_is_no_identity(
    kind: IdentityKind, subject: str
) -> None:
    with pytest.raises(ConfigurationError):
        Identity(kind, subject)
