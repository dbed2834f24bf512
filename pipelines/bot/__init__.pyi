from .dialogue import Dialogue
from .messages import Button, Message, Press, Reply
from .service import run_bot
from .terminal import converse, reply_lines

__all__ = [
    "Button",
    "Dialogue",
    "Message",
    "Press",
    "Reply",
    "converse",
    "reply_lines",
    "run_bot",
]
