"""An end to the memory of a process: a driver in C has none for what a server sends."""

from __future__ import annotations

import resource

MIB = 1 << 20


def limit_memory(mib: int) -> None:
    """Let this process and those that it forks have no more memory than that.

    What asks for more then fails, and with it one load, where otherwise the system
    would end processes of its own choice.

    Args:
        mib: Of data and anonymous memory, in MiB (RLIMIT_DATA, see getrlimit(2)); 0 for
            no limit. A lower limit that is there already stays.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = mib * MIB
    if wanted and (most == resource.RLIM_INFINITY or wanted < most):
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
