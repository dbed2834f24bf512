from .addresses import Address, host_and_port, look_up
from .bounded_answers import BoundedFile, BoundedSession, LongAnswerError
from .certificates import (
    authorities_file,
    file_state,
    show_certificate,
    tls_fault,
    trust,
)
from .failover import first_to_answer, why_unreachable
from .kept_connections import KeptConnections
from .metrics_port import metrics_registry, serve_metrics

__all__ = [
    "Address",
    "BoundedFile",
    "BoundedSession",
    "KeptConnections",
    "LongAnswerError",
    "authorities_file",
    "file_state",
    "first_to_answer",
    "host_and_port",
    "look_up",
    "metrics_registry",
    "serve_metrics",
    "show_certificate",
    "tls_fault",
    "trust",
    "why_unreachable",
]
