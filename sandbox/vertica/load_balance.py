"""Native connection load balancing: a client asks before login which node to take.

The sandbox is one node, so all a policy changes is whether the client is answered.
"""

from __future__ import annotations

from sandbox.errors import SqlError

_POLICIES = frozenset({"NONE", "RANDOM", "ROUNDROBIN"})


class LoadBalancer:
    """The server's policy, and the address it sends clients to.

    Attributes:
        address: Where the server listens, once it does.
    """

    def __init__(self) -> None:
        """Begin with the policy NONE."""
        self.address = ("", 0)
        self._policy = "NONE"

    @property
    def policy(self) -> str:
        """The policy's name."""
        return self._policy

    def set_policy(self, name: str) -> str:
        """Change the policy; returns what the function that does so answers.

        Raises:
            SqlError: There is no such policy.
        """
        if name.upper() not in _POLICIES:
            raise SqlError(
                f'Invalid load balancing policy "{name}"', number=3849, sqlstate="22023"
            )
        self._policy = name.upper()
        return (
            "Successfully changed the client initiator load balancing policy to: "
            + name.lower()
        )

    def choose(self) -> tuple[str, int] | None:
        """The node to take, None to stay."""
        return None if self._policy == "NONE" else self.address
