"""An invitation makes one identity one person's, once and in time."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine, select

from pipelines.errors import ConfigurationError
from pipelines.etl_db import etl_engine, invitations_table
from pipelines.operations import (
    AuditFilter,
    Identity,
    IdentityKind,
    InvitationRefusedError,
    Role,
    accept,
    find_caller,
    invite,
    list_audit,
    list_people,
    revoke,
)
from tests.kit.operations import CHAT, invited, somebody, telegram

TRIES = 5
NOT_VALID = "this invitation is not valid"


def test_who_accepts_is_the_person_from_then_on(engine: Engine) -> None:
    caller = accept(engine, invited(engine, "Anna"), telegram(5), CHAT)
    assert (caller.name, caller.role) == ("Anna", Role.OPERATOR)
    assert find_caller(engine, telegram(5)) == caller
    (entry,) = list_audit(engine, AuditFilter(), 9)
    assert (entry.who, entry.verb, entry.ending) == (
        "Anna",
        "accept an invitation",
        "done",
    )


def test_the_database_does_not_have_the_code(engine: Engine) -> None:
    with engine.begin() as connection:
        made = invite(connection, "Anna", Role.OPERATOR)
        row = connection.execute(select(invitations_table)).one()
    assert made.code not in str(row)
    assert made.code not in repr(made)
    assert len(made.code) >= 128 / 6


def used(engine: Engine) -> str:
    code = invited(engine, "Anna")
    accept(engine, code, telegram(1), CHAT)
    return code


def expired(engine: Engine) -> str:
    with engine.begin() as connection:
        return invite(connection, "Anna", Role.ADMIN, timedelta(seconds=-1)).code


def of_one_who_was_revoked(engine: Engine) -> str:
    code = invited(engine, "Anna")
    with engine.begin() as connection:
        revoke(connection, "Anna")
    return code


def of_one_who_was_revoked_and_invited_again(engine: Engine) -> str:
    code = of_one_who_was_revoked(engine)
    invited(engine, "Anna")
    return code


def never_given(_: Engine) -> str:
    return "A" * 32


def not_even_text(_: Engine) -> str:
    return "\ud800\x00'; DROP TABLE people --" * 100


@pytest.mark.parametrize(
    "made",
    [
        used,
        expired,
        of_one_who_was_revoked,
        of_one_who_was_revoked_and_invited_again,
        never_given,
        not_even_text,
    ],
)
def test_a_code_that_is_not_valid_is_refused_by_one_message_and_audited(
    engine: Engine, made: Callable[[Engine], str]
) -> None:
    code = made(engine)
    with pytest.raises(InvitationRefusedError, match=f"^{NOT_VALID};"):
        accept(engine, code, telegram(5), CHAT)
    assert find_caller(engine, telegram(5)).role is None
    (entry,) = list_audit(engine, AuditFilter(refused=True), 9)
    assert (entry.who, entry.place) == ("telegram:5", CHAT)
    assert code not in str(entry)


def test_an_identity_stays_with_whom_it_is_and_the_code_is_not_used(
    engine: Engine,
) -> None:
    somebody(engine, "Anna", 5, Role.VIEWER)
    code = invited(engine, "Boris", Role.ADMIN)
    with pytest.raises(InvitationRefusedError):
        accept(engine, code, telegram(5), CHAT)
    assert find_caller(engine, telegram(5)).name == "Anna"
    assert accept(engine, code, telegram(6), CHAT).name == "Boris"


def test_a_person_may_have_several_identities(engine: Engine) -> None:
    somebody(engine, "Anna", 5)
    page = Identity(IdentityKind.PROXY, "anna@example.com")
    accept(engine, invited(engine, "Anna"), page, "page")
    (person,) = list_people(engine)
    assert person.identities == (page, telegram(5))


def test_the_shell_needs_no_invitation(engine: Engine) -> None:
    code = invited(engine, "Anna")
    with pytest.raises(ConfigurationError, match="needs no invitation"):
        accept(engine, code, Identity(IdentityKind.SHELL, "root"), "terminal:x")


def test_an_identity_cannot_go_on_trying(engine: Engine) -> None:
    for _ in range(TRIES):
        with pytest.raises(InvitationRefusedError, match=NOT_VALID):
            accept(engine, "wrong", telegram(5), CHAT)
    code = invited(engine, "Anna")
    for _ in range(3):
        with pytest.raises(InvitationRefusedError, match="too many"):
            accept(engine, code, telegram(5), CHAT)
    assert len(list_audit(engine, AuditFilter(), 99)) == TRIES
    assert accept(engine, code, telegram(6), CHAT).name == "Anna"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("invite"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("accept"), st.integers(0, 9), st.integers(1, 3)),
        st.tuples(st.just("revoke"), st.integers(0, 2), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_comes_in_whatever_order_an_identity_is_one_person_s(
    engine: Engine, steps: list[tuple[str, int, int]]
) -> None:
    ours = uuid4().hex  # each example has people of its own
    identities = [Identity(IdentityKind.PROXY, f"{ours} {at}") for at in range(4)]
    codes: list[tuple[str, str]] = []
    valid: set[str] = set()
    known: dict[Identity, str] = {}
    failed: Counter[Identity] = Counter()
    active: set[str] = set()
    for step, what, which in steps:
        name = f"{ours} {what}"
        identity = identities[which]
        if step == "invite":
            codes.append((invited(engine, name), name))
            valid.add(codes[-1][0])
            active.add(name)
        elif step == "revoke" and name in active:
            with engine.begin() as connection:
                revoke(connection, name)
            active.discard(name)
            valid -= {code for code, of in codes if of == name}
            known = {one: of for one, of in known.items() if of != name}
        elif step == "accept" and what < len(codes):
            code, of = codes[what]
            if code in valid and identity not in known and failed[identity] < TRIES:
                assert accept(engine, code, identity, CHAT).name == of
                valid.discard(code)
                known[identity] = of
            else:
                with pytest.raises(InvitationRefusedError):
                    accept(engine, code, identity, CHAT)
                failed[identity] += 1
        for one in identities:
            assert find_caller(engine, one).name == known.get(one)


Deed = Callable[[Engine], str]


def accepting(code: str, identity: Identity) -> Deed:
    """Accept; the person's name, or nothing if that is refused."""

    def deed(engine: Engine) -> str:
        try:
            return accept(engine, code, identity, CHAT).who
        except InvitationRefusedError:
            return ""

    return deed


def revoking(name: str) -> Deed:
    def deed(engine: Engine) -> str:
        with engine.begin() as connection:
            revoke(connection, name)
        return ""

    return deed


def all_of(
    url: str,
    deeds: list[Deed],
    together: Barrier,
    told: multiprocessing.SimpleQueue[str],
) -> None:
    """In a process of its own: each deed at the same moment as others do theirs."""
    engine = etl_engine(SecretStr(url))
    for deed in deeds:
        together.wait(60)
        told.put(deed(engine))


def at_once(url: str, *processes: list[Deed]) -> list[str]:
    """What processes that do things side by side tell, sorted."""
    context = multiprocessing.get_context("fork")
    together, told = context.Barrier(len(processes)), context.SimpleQueue()
    children = [
        context.Process(target=all_of, args=(url, deeds, together, told))
        for deeds in processes
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    found = [told.get() for deeds in processes for _ in deeds]
    return sorted(filter(None, found))


ROUNDS = 8
NAMES = [f"Anna {at}" for at in range(ROUNDS)]


def test_no_code_is_used_twice_by_two_processes_at_once(
    engine: Engine, etl_database: str
) -> None:
    codes = [invited(engine, name) for name in NAMES]
    one, other = (
        [accepting(code, telegram(first + at)) for at, code in enumerate(codes)]
        for first in (1000, 2000)
    )
    assert at_once(etl_database, one, other) == NAMES
    assert [len(person.identities) for person in list_people(engine)] == [1] * ROUNDS


def test_no_identity_is_two_people_s_by_two_processes_at_once(
    engine: Engine, etl_database: str
) -> None:
    one, other = (
        [
            accepting(invited(engine, f"{name} {at}"), telegram(at + 1))
            for at in range(ROUNDS)
        ]
        for name in ("Anna", "Boris")
    )
    assert len(at_once(etl_database, one, other)) == ROUNDS
    known = [one for person in list_people(engine) for one in person.identities]
    assert sorted(known, key=str) == [telegram(at + 1) for at in range(ROUNDS)]


def test_who_is_revoked_while_accepting_has_nothing_after_it(
    engine: Engine, etl_database: str
) -> None:
    codes = [invited(engine, name) for name in NAMES]
    one = [accepting(code, telegram(at + 1)) for at, code in enumerate(codes)]
    at_once(etl_database, one, [revoking(name) for name in NAMES])
    for at, name in enumerate(NAMES):
        invited(engine, name)
        assert find_caller(engine, telegram(at + 1)).role is None
