from .alert_sender import AlertSender
from .dialogue import Dialogue
from .incident_actions import incident_actions
from .messages import Button, Message, Press, Reply
from .terminal import converse, reply_lines

__all__ = [
    "AlertSender",
    "Button",
    "Dialogue",
    "Message",
    "Press",
    "Reply",
    "converse",
    "incident_actions",
    "reply_lines",
]
