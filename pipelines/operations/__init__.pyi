from .answers import add_answer, add_choice
from .arguments import Arguments, Written, bounds_of, check_year, fields_of, is_flag, is_many, kind_of
from .arguments import MORNING, Arguments, Written, bounds_of, check_year, fields_of, is_flag, is_many, kind_of
from .audit.records import (
    Ending,
    Wish,
    digest_of,
    record_end,
    record_refusal,
    record_wish,
)
from .audit.listing import AuditEntry, AuditFilter, list_audit
from .audit.audited_command import audited
from .access.callers import Caller, find_caller, shell_caller, shell_place
from .confirmations import Agreement, Asked, ask, asked, confirm
from .help import find_verb, menu, verb_help, verb_table
from .access.identities import Identity, IdentityKind
from .invitations import Invitation, InvitationRefusedError, accept, invite
from .audit.job_ends import audited_queue
from .access.people import Person, change_role, list_people, revoke
from .elsewhere import SLOW_MODULES, ask_elsewhere
from .estimates import format_time
from .execution import Accepted, InCommit, Outcome, Question, UndoneError
from .wishes import agree, check_role, decline, perform
from .access.roles import ALLOWED, Capability, Role
from .refusals import refused
from .selections import selected, servers_of
from .table import HELP_VERB, VERBS, verb_named
from .verb import (
    Answer,
    AnyVerb,
    Change,
    Context,
    File,
    Long,
    Look,
    Plan,
    RefusedError,
    Slow,
    Verb,
    Work,
    here,
)
from .verb import Answer, AnyVerb, Change, Context, File, Long, Look, Plan, RefusedError, Section, Verb, Work
from .verbs.clear import (
    CLEAR,
    ClearArguments,
    batch_name,
    clear_plan,
    find_batches,
    others_than_agreed,
)
from .verbs.documents import DOCUMENTS_LIST, DOCUMENTS_REMOVE, KeptDocument, list_documents
from .verbs.failures import FAILURES, attempt_fields, attempt_seconds, attempted
from .verbs.handled_cells import HandledCells, handled_lines
from .verbs.incidents.handling import (
    INCIDENTS_ACKNOWLEDGE,
    INCIDENTS_CLOSE,
    INCIDENTS_MUTE,
    INCIDENTS_UNMUTE,
    IncidentArguments,
)
from .verbs.jobs import (
    JOBS_CANCEL,
    JOBS_LIST,
    JOBS_RETRY,
    JOBS_SHOW,
    MINUTE_FORMAT,
    command_of,
    job_progress,
    job_since,
    job_state,
)
from .verbs.incidents.listing import INCIDENTS_LIST
from .verbs.incidents.rerunning import INCIDENTS_RERUN, rerun_words
from .verbs.incidents.showing import INCIDENTS_SHOW
from .verbs.jobs import JOBS_CANCEL, JOBS_LIST, JOBS_RETRY, JOBS_SHOW
from .verbs.loads import (
    BACKFILL,
    RUN,
    BackfillArguments,
    RunArguments,
    find_works,
    work_line,
)
from .verbs.people import (
    AUDIT,
    PEOPLE_INVITE,
    PEOPLE_LIST,
    PEOPLE_REVOKE,
    PEOPLE_ROLE,
    person_state,
)
from .verbs.plan import (
    HEADS,
    PLAN,
    PlanArguments,
    plan_fields,
    plan_lines,
    plan_rows,
    read_plan,
)
from .verbs.refresh import REFRESH, RefreshArguments
from .verbs.report import REPORT, ReportArguments
from .verbs.status import STATUS, StatusArguments, read_status, status_fields
from .verbs.subscriptions import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE
from .verbs.verify import VERIFY, VerifyArguments
from .verbs.why import WHY, WhyArguments
from .words import (
    Unfinished,
    WrongWordsError,
    describe_fault,
    described,
    parse_values,
    parse_words,
    shell_words,
    usage_of,
)
from .splitting import split_words

__all__ = [
    "ALLOWED",
    "AUDIT",
    "Accepted",
    "Agreement",
    "Answer",
    "AnyVerb",
    "Arguments",
    "Asked",
    "AuditEntry",
    "AuditFilter",
    "BACKFILL",
    "BackfillArguments",
    "CLEAR",
    "Caller",
    "Capability",
    "Change",
    "ClearArguments",
    "Context",
    "DOCUMENTS_LIST",
    "DOCUMENTS_REMOVE",
    "Ending",
    "FAILURES",
    "File",
    "HEADS",
    "HELP_VERB",
    "HandledCells",
    "INCIDENTS_ACKNOWLEDGE",
    "INCIDENTS_CLOSE",
    "INCIDENTS_LIST",
    "INCIDENTS_MUTE",
    "INCIDENTS_RERUN",
    "INCIDENTS_SHOW",
    "INCIDENTS_UNMUTE",
    "Identity",
    "IdentityKind",
    "InCommit",
    "IncidentArguments",
    "Invitation",
    "InvitationRefusedError",
    "JOBS_CANCEL",
    "JOBS_LIST",
    "JOBS_RETRY",
    "JOBS_SHOW",
    "KeptDocument",
    "Long",
    "Look",
    "MINUTE_FORMAT",
    "MORNING",
    "Outcome",
    "PEOPLE_INVITE",
    "PEOPLE_LIST",
    "PEOPLE_REVOKE",
    "PEOPLE_ROLE",
    "PLAN",
    "Person",
    "Plan",
    "PlanArguments",
    "Question",
    "REFRESH",
    "REPORT",
    "RUN",
    "RefreshArguments",
    "RefusedError",
    "ReportArguments",
    "Role",
    "RunArguments",
    "SLOW_MODULES",
    "STATUS",
    "SUBSCRIBE",
    "SUBSCRIPTIONS",
    "Section",
    "Slow",
    "StatusArguments",
    "UNSUBSCRIBE",
    "UndoneError",
    "Unfinished",
    "VERBS",
    "VERIFY",
    "Verb",
    "VerifyArguments",
    "WHY",
    "WhyArguments",
    "Wish",
    "Work",
    "Written",
    "WrongWordsError",
    "accept",
    "add_answer",
    "add_choice",
    "agree",
    "ask",
    "ask_elsewhere",
    "asked",
    "attempt_fields",
    "attempt_seconds",
    "attempted",
    "audited",
    "audited_queue",
    "batch_name",
    "bounds_of",
    "change_role",
    "check_role",
    "check_year",
    "clear_plan",
    "command_of",
    "confirm",
    "decline",
    "describe_fault",
    "described",
    "digest_of",
    "fields_of",
    "find_batches",
    "find_caller",
    "find_verb",
    "find_works",
    "format_time",
    "handled_lines",
    "here",
    "invite",
    "is_flag",
    "is_many",
    "job_progress",
    "job_since",
    "job_state",
    "kind_of",
    "list_audit",
    "list_documents",
    "list_people",
    "menu",
    "others_than_agreed",
    "parse_values",
    "parse_words",
    "perform",
    "person_state",
    "plan_fields",
    "plan_lines",
    "plan_rows",
    "read_plan",
    "read_status",
    "record_end",
    "record_refusal",
    "record_wish",
    "refused",
    "rerun_words",
    "revoke",
    "selected",
    "servers_of",
    "shell_caller",
    "shell_place",
    "shell_words",
    "split_words",
    "status_fields",
    "usage_of",
    "verb_help",
    "verb_named",
    "verb_table",
    "work_line",
]
