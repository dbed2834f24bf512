from .dialogue import Dialogue
from .documents.receiving import Documents
from .messages import Button, Document, Message, Press, Reply
from .messages import Button, Message, Press, Reply
from .monitoring.loop_lag import LoopLag
from .service import run_bot
from .terminal import converse, reply_lines

__all__ = [
    "Button",
    "Dialogue",
    "Document",
    "Documents",
    "LoopLag",
    "Message",
    "Press",
    "Reply",
    "converse",
    "reply_lines",
    "run_bot",
]
