from .compare import Verdict, VerifyOptions, verify, wrong_spans
from .mend import mend_days

__all__ = [
    "Verdict",
    "VerifyOptions",
    "mend_days",
    "verify",
    "wrong_spans",
]
