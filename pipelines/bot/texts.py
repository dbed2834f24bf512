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

HOW_FAR = "How far"

CANCEL = "Cancel it"

WHAT_FAILED = "What failed"

RERUN = "Re-run these"

ACKNOWLEDGE = "Acknowledge"

MUTE = "Mute until morning"

UNMUTE = "Unmute"

UNKNOWN_BUTTON = "This button stands for nothing any more; write what you wish."
