from .alert_sender import AlertSender
from .dialogue import Dialogue
from .documents.receiving import Documents
from .messages import Button, Document, Message, Press, Reply
from .incident_actions import incident_actions
from .messages import Button, Message, Press, Reply
from .monitoring.loop_lag import LoopLag
from .service import run_bot
from .terminal import converse, reply_lines

__all__ = [
    "AlertSender",
    "Button",
    "Dialogue",
    "Document",
    "Documents",
    "LoopLag",
    "Message",
    "Press",
    "Reply",
    "converse",
    "incident_actions",
    "reply_lines",
    "run_bot",
]
