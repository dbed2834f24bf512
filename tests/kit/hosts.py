"""Hosts on one machine: network namespaces on a bridge, with addresses and names.

The machine itself is on the bridge too, at `Network.address`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


def why_not() -> str:
    """Why there can be no hosts here; empty if there can."""
    if os.geteuid():
        return "only root may make network namespaces"
    missing = [name for name in ("ip", "unshare") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        with network("probe"):
            return ""
    except OSError as error:
        return f"no network namespaces here: {error}"


@dataclass(frozen=True)
class Host:
    """One of them.

    Attributes:
        name: What it calls itself.
        address: Where the others reach it.
    """

    name: str
    address: str
    _space: str
    _plug: str

    def start(
        self, *command: str, cwd: Path, env: Mapping[str, str], output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a command there; its process is the command's own."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"')
        with output.open("ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self._space, *named, self.name, *command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def cut_off(self) -> None:
        """Pull its plug: what it sends is lost, and nobody tells either side."""
        ip("link", "set", self._plug, "down")

    def come_back(self) -> None:
        ip("link", "set", self._plug, "up")


@dataclass(frozen=True)
class Network:
    """A bridge with hosts.

    Attributes:
        address: This machine's own address on it.
    """

    address: str
    hosts: Mapping[str, Host]


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Make a network of hosts with these names, and take it away.

    Raises:
        OSError: It cannot be made here.
    """
    unique = f"sl{secrets.token_hex(3)}"
    # From a range that is seldom used.
    prefix = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(256)}"
    with ExitStack() as made:
        ip("link", "add", unique, "type", "bridge")
        made.callback(_without_fail, "link", "del", unique)
        ip("address", "add", f"{prefix}.1/24", "dev", unique)
        ip("link", "set", unique, "up")
        hosts = {}
        for number, name in enumerate(names, start=2):
            space, plug = f"{unique}-{name}", f"{unique}.{number}"
            host = Host(name, f"{prefix}.{number}", space, plug)
            ip("netns", "add", space)
            made.callback(_without_fail, "netns", "del", space)
            ip("link", "add", plug, "type", "veth", "peer", "eth0", "netns", space)
            ip("link", "set", plug, "master", unique, "up")
            ip("-n", space, "address", "add", f"{host.address}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
            hosts[name] = host
        yield Network(f"{prefix}.1", hosts)


def ip(*words: str) -> None:
    """Run `ip`.

    Raises:
        OSError: It failed; with what it said.
    """
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _without_fail(*words: str) -> None:
    with suppress(OSError):
        ip(*words)
