from .dialogue import Dialogue
from .messages import Button, Message, Press, Reply
from .monitoring.loop_lag import LoopLag
from .service import run_bot
from .terminal import converse, reply_lines

__all__ = [
    "Button",
    "Dialogue",
    "LoopLag",
    "Message",
    "Press",
    "Reply",
    "converse",
    "reply_lines",
    "run_bot",
]
