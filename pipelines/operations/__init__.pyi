from .arguments import Arguments, fields_of, is_flag, is_many
from .audit import (
    Ending,
    Wish,
    audited_change,
    digest_of,
    record_end,
    record_refusal,
    record_wish,
)
from .audit_listing import AuditEntry, AuditFilter, list_audit
from .audited_command import audited
from .callers import Caller, find_caller, shell_caller, shell_place
from .confirmations import Agreement, Asked, ask, asked, confirm
from .help import find_verb, menu, verb_help, verb_table
from .identities import Identity, IdentityKind
from .invitations import Invitation, InvitationRefusedError, accept, invite
from .people import Person, change_role, list_people, revoke
from .wishes import Accepted, Outcome, Question, RefusedError, agree, perform
from .roles import ALLOWED, Capability, Role
from .table import VERBS, verb_named
from .verb import Answer, AnyVerb, Change, Context, File, Long, Look, Plan, Verb
from .words import WrongWordsError, parse_words, split_words, usage_of

__all__ = [
    "ALLOWED",
    "Accepted",
    "Agreement",
    "Answer",
    "AnyVerb",
    "Arguments",
    "Asked",
    "AuditEntry",
    "AuditFilter",
    "Caller",
    "Capability",
    "Change",
    "Context",
    "Ending",
    "File",
    "Identity",
    "IdentityKind",
    "Invitation",
    "InvitationRefusedError",
    "Long",
    "Look",
    "Outcome",
    "Person",
    "Plan",
    "Question",
    "RefusedError",
    "Role",
    "VERBS",
    "Verb",
    "Wish",
    "WrongWordsError",
    "accept",
    "agree",
    "ask",
    "asked",
    "audited",
    "audited_change",
    "change_role",
    "confirm",
    "digest_of",
    "fields_of",
    "find_caller",
    "find_verb",
    "invite",
    "is_flag",
    "is_many",
    "list_audit",
    "list_people",
    "menu",
    "parse_words",
    "perform",
    "record_end",
    "record_refusal",
    "record_wish",
    "revoke",
    "shell_caller",
    "shell_place",
    "split_words",
    "usage_of",
    "verb_help",
    "verb_named",
    "verb_table",
]
