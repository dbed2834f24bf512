"""A process that has imported all that commands need, and forks a child for each.

`commands` starts it as a script and is its only client. It has opened no connection,
started no thread and read no configuration, so that a child is as good as a process
that was started anew: it has a session, folder, environment, files and argument list
of its own, reads luigi.cfg as importing Luigi would, runs the program's own file, and
ends as the interpreter does. What cannot be had in a child is executed anew in it.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import multiprocessing.util
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType, TracebackType

MODULES = (
    # What the entry points import, and then what they import when they are at work.
    "pipelines.runtime.container_init",
    "luigi.cmdline",
    "_strptime",
    "alembic.command",
    "alembic.runtime.migration",
    "multiprocessing.popen_fork",
    "multiprocessing.synchronize",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "pipelines.bot.service",
)

READY = struct.Struct("i")
"""What a child says when it has become a process of its own: its number."""

ENDED = struct.Struct("i")
"""What the server says of a child's end: the status that waitpid gave."""

LONGEST = 1 << 20
"""Most octets of a request, which has a whole environment."""

PR_SET_PDEATHSIG = 1


class Child(Exception):  # noqa: N818 - nothing is wrong
    """Leaves the server's loop in a child, with what it was asked to run."""

    def __init__(self, asked: dict[str, object], files: list[int]) -> None:
        super().__init__()
        self.asked = asked
        self.files = files


def load() -> None:
    """Import everything; of what that makes nothing is garbage, or changes soon."""
    gc.disable()
    from pipelines.commands.cli import COMMANDS  # noqa: PLC0415 - by this process only

    for place in COMMANDS.values():
        importlib.import_module(place.partition(":")[0])
    for name in MODULES:
        with suppress(ImportError):  # an extra
            importlib.import_module(name)
    gc.freeze()
    gc.enable()


def serve(client: socket.socket) -> None:
    """Fork what is asked for until the client is gone, and say how each child ended.

    Raises:
        Child: In each child.
    """
    running: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not client:
                    handle = int(key.fd)
                    selector.unregister(handle)
                    _tell_the_end(handle, *running.pop(handle))
                    continue
                octets, files, _, _ = socket.recv_fds(client, LONGEST, 5)
                if not octets:
                    for pid, _ in running.values():
                        os.kill(pid, signal.SIGKILL)
                        os.waitpid(pid, 0)
                    return
                pid = os.fork()
                if not pid:
                    client.close()
                    for handle, (_, told) in running.items():
                        os.close(handle)
                        os.close(told)
                    raise Child(json.loads(octets), files)
                for one in files[:-1]:
                    os.close(one)
                handle = os.pidfd_open(pid)
                running[handle] = pid, files[-1]
                selector.register(handle, selectors.EVENT_READ)


def _tell_the_end(handle: int, pid: int, told: int) -> None:
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        os.write(told, ENDED.pack(status))
    os.close(told)
    os.close(handle)


def become(child: Child) -> list[str]:
    """Be a process of its own, as if it had just been started; its command."""
    command, folder = child.asked["command"], child.asked["folder"]
    environment = child.asked["environment"]
    assert isinstance(command, list)
    assert isinstance(environment, dict)
    # With the server, however that ends.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.chdir(str(folder))
    os.environ.clear()
    os.environ.update(environment)
    *standard, gate, told = child.files
    for number, given in enumerate(standard):
        os.dup2(given, number)
        os.close(given)
    os.close(told)
    _open_standard_files()
    with socket.socket(fileno=gate) as client:
        client.send(READY.pack(os.getpid()))
        client.recv(1)  # until it is closed
    return command


def _open_standard_files() -> None:
    """Python's own ones, whose buffers are a terminal's or not."""
    for number, name, mode in (
        (0, "stdin", "r"),
        (1, "stdout", "w"),
        (2, "stderr", "w"),
    ):
        old = getattr(sys, name)
        new = open(  # noqa: SIM115 - it stays open
            number,
            mode,
            encoding=old.encoding,
            errors=old.errors,
            buffering=1 if name == "stderr" or os.isatty(number) else -1,
            closefd=False,
        )
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def read_configuration() -> None:
    """Have Luigi look for its files again, as it does when it is imported."""
    from luigi.configuration import add_config_path  # noqa: PLC0415 - this process
    from luigi.configuration.cfg_parser import LuigiConfigParser  # noqa: PLC0415

    # The one that is there: some of Luigi's classes have kept it.
    config = LuigiConfigParser.instance()
    config.clear()
    config.defaults().clear()
    LuigiConfigParser.reload()
    if "LUIGI_CONFIG_PATH" in os.environ:
        add_config_path(os.environ["LUIGI_CONFIG_PATH"])


def _print_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """As the interpreter does, but from the program's own frames on."""
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    while trace and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def forget_ours() -> None:
    """Have a plain luigi know only the tasks of the module that it is told to load."""
    from luigi.task_register import Register  # noqa: PLC0415 - this process

    Register._reg = [
        one for one in Register._reg if not one.__module__.startswith("pipelines.")
    ]
    for name in [name for name in sys.modules if name.split(".")[0] == "pipelines"]:
        del sys.modules[name]


def keep_modules() -> None:
    """Spare the interpreter the work of freeing each module, at the very end."""
    modules = dict(sys.modules)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(modules))
    sys.modules.clear()


def run(command: list[str]) -> None:
    """Run a program of Python's as the interpreter would."""
    try:
        with warnings.catch_warnings(action="error"):
            read_configuration()
    except Exception:  # noqa: BLE001 - it is for the import of Luigi to tell
        os.execv(command[0], command)
    import luigi.cmdline  # noqa: PLC0415 - this process

    sys.excepthook = _print_uncaught
    program, *words = command
    if words[:1] == ["-m"]:
        _, module, *words = words
        sys.path.insert(0, str(Path.cwd()))
        sys.argv[:] = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    if words[:1] == ["-c"]:
        _, script, *words = words
        sys.path.insert(0, "")
        sys.argv[:] = ["-c", *words]
        sys.modules["__main__"] = ModuleType("__main__")
        exec(script, vars(sys.modules["__main__"]))
        return
    if Path(program).name == "python":
        program, *words = words
    sys.path.insert(0, str(Path(program).parent))
    sys.argv[:] = [program, *words]
    if Path(program).name == "luigi":
        forget_ours()
    # Its default is the argument list of when it was imported.
    luigi.cmdline.luigi_run.__defaults__ = (words,)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    del sys.path[0]  # our own folder, whose names are for `tests.kit`
    load()
    try:
        serve(socket.socket(fileno=int(sys.argv[1])))
    except Child as one:
        run_this = become(one)
    else:
        os._exit(0)
    # multiprocessing sees to its children at the end, and needs modules for it.
    atexit.unregister(multiprocessing.util._exit_function)
    atexit.register(keep_modules)
    atexit.register(multiprocessing.util._exit_function)
    run(run_this)
