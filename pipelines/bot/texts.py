"""All that the bot itself says: another language is another file like this."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HELLO = "Hello, {name}. You are {role} here; /help tells what you may wish."

HELLO_STRANGER = (
    "I do not know you. Ask an admin of the pipeline for an invitation, and open its"
    " link, or send `/start CODE`."
)

WELCOME = "Welcome, {name}. You are {role} now; /help tells what you may wish."

NOTHING = "There is nothing to tell."

AGREE = "Do it"

LEAVE = "Leave it"

LEFT = "Left as it is."

SHALL_I = "Shall I? You have two minutes to say so."

SHALL_I_ANEW = "That has changed meanwhile. Shall I do this instead?"

QUEUED = "Job {number} is queued: {command}"

SAME_JOB = "Job {number} does the same already: {command}"

JOB = "Job {number}: {command}"

JOB_NOW = "{state} since {since} UTC"

JOB_COUNTS = "{far} done, {rows} rows"

JOB_COUNT = "{far} done"

JOB_END = "Job {number} {end}: {command}"

JOB_ENDS = {
    "succeeded": "has succeeded",
    "failed": "has failed",
    "cancelled": "was cancelled by {who}",
}

JOB_TIME = " after {time}"

JOB_ATTEMPTS = ", at attempt {attempt}"

JOB_CODE = ", with exit code {code}"

LAST_LINES = "The last that it wrote"

RETRY = "Try again"

WHY = "Why"

HOW_FAR = "How far"

CANCEL = "Cancel it"

WHAT_FAILED = "What failed"

RERUN = "Re-run these"

ACKNOWLEDGE = "Acknowledge"

MUTE = "Mute until morning"

UNMUTE = "Unmute"

UNKNOWN_BUTTON = "This button stands for nothing any more; write what you wish."

REFUSED_ANONYMOUS = (
    "I answer people only: write under your own name, not as the group, a channel or"
    " another bot."
)

REFUSED_FORWARDED = "What is forwarded is not carried out; write it yourself."

REFUSED_EDITED = "What is edited is not read again; write it anew."

REFUSED_CAPTION = "What stands below a file is not carried out; write it alone."

REFUSED_KIND = "I read texts and documents only."

TOO_LATE = "That is too late: it is {minutes} minutes old. Send it again."

FLOODED = (
    "That is too much at once: what you send now is not read; wait for {seconds}"
    " seconds, and send again what was not answered."
)

TOO_LARGE = "That is too large to be read."

UNREADABLE = "That cannot be read."

GIVEN_UP = (
    "That was tried {attempts} times, and each time the bot died of it; it is not tried"
    " again. The log of the bot tells more."
)

DEFECT = (
    "Something is broken here ({kind}); nothing was done. The log of the bot tells"
    " more, as update {number}."
)

LOST_ANSWER = "That is done, but the answer was too large to be kept; ask again."

MOVED = "This group is now a supergroup; what it had subscribed to goes on here."

ROWS = "{count} rows"

ROWS_OF = "{shown} of {count} rows"

SHORTENED = "There is more than a message takes: the whole is in {name}."

SENT_PRIVATELY = "I have sent you the answer in our own chat."

OPEN_ME_FIRST = (
    "The answer is for you alone, but I cannot write to you. Open a chat with me, press"
    " Start there, and ask again."
)

FILE_TOO_LARGE = "{name} has {size} MB and is not sent: Telegram takes {most} MB."

FILE_EMPTY = "{name} is empty and is not sent."

WHICH = "{wish}: which {what}?"

PRESS_OR_REPLY = "Press a button or reply to this, within ten minutes; /cancel ends it."

REPLY = "Reply to this within ten minutes; /cancel ends it."

END = "Never mind"

ANSWER_TOO_LATE = "Too late: `{verb}` has waited for ten minutes. Begin anew."

ANEW = "Begin anew"

ASKED_ANOTHER = "somebody else was asked this, or in another chat"

WISH_YOURSELF = "write what you wish yourself"

YESTERDAY = "yesterday"

LAST_DAYS: Mapping[int, str] = MappingProxyType({7: "the last 7 days"})
"""Days that a question offers, by how many they are; today is none of them."""

EVERY_TABLE = "every table"

MOMENTS: Mapping[str, str] = MappingProxyType(
    {"1h": "for an hour", "09:00": "until 09:00", "1d": "for a day"}
)
"""Moments to come that a question offers."""

COMMANDS_OF_STRANGERS: Mapping[str, str] = MappingProxyType(
    {"start": "Make yourself known", "help": "What you may wish"}
)
"""The menu of whoever is not known to be somebody."""

DOCUMENT_KEPT = (
    "Document {number} is kept for publishing: {name}, {kind}, {size} octets."
)

REMOVE = "Remove it"

NOT_KEPT = "the document is not kept"

NO_DOCUMENTS = "I take no documents here."

MAY_NOT_PUBLISH = "{who} may not publish documents"

SOMEBODY_UNKNOWN = "somebody unknown"

COMMAND_AS_CAPTION = "a command below a document is not carried out; send it alone"

DOCUMENT_TOO_LARGE = "{name} has {size} octets, and no document may have over {most}"

UNKNOWN_KIND = "{name} is none of {kinds}, whatever it is called"

NOT_FETCHED = "The document could not be fetched; send it again."

NOT_WRITTEN = "the document could not be written; send it again"

SHELF_FULL = "there is no room for another document"

REMOVE_ONE = "remove one first, such as the oldest: `documents remove {number}`"

NAMELESS = "(without a name)"
