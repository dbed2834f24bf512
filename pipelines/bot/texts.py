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

HOW_FAR = "How far"

CANCEL = "Cancel it"

UNKNOWN_BUTTON = "This button stands for nothing any more; write what you wish."

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
