"""What people are told in one line when a command cannot do what it should."""

from __future__ import annotations


class SandboxError(Exception):
    """A fault that is no defect of the sandbox; the message says all."""
