"""All that the bot itself says: another language is another file like this."""

from __future__ import annotations

HELLO = "Hello, {name}. You are {role} here; `help` tells what you may wish."

HELLO_STRANGER = (
    "I do not know you. Ask an admin of the pipeline for an invitation, and open its"
    " link, or send `/start CODE`."
)

WELCOME = "Welcome, {name}. You are {role} now; `help` tells what you may wish."

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

JOB_COUNTS = "{far}, {rows} rows"

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

UNKNOWN_BUTTON = "This button stands for nothing any more; write what you wish."

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
