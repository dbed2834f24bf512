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
from .confirmations import Answer, Asked, ask, asked, confirm
from .identities import Identity, IdentityKind
from .invitations import Invitation, InvitationRefusedError, accept, invite
from .job_ends import audited_queue
from .people import Person, change_role, list_people, revoke
from .roles import Capability, Role

__all__ = [
    "Answer",
    "Asked",
    "AuditEntry",
    "AuditFilter",
    "Caller",
    "Capability",
    "Ending",
    "Identity",
    "IdentityKind",
    "Invitation",
    "InvitationRefusedError",
    "Person",
    "Role",
    "Wish",
    "accept",
    "ask",
    "asked",
    "audited",
    "audited_change",
    "audited_queue",
    "change_role",
    "confirm",
    "digest_of",
    "find_caller",
    "invite",
    "list_audit",
    "list_people",
    "record_end",
    "record_refusal",
    "record_wish",
    "revoke",
    "shell_caller",
    "shell_place",
]
