"""Connections to servers that nobody listens at, for what needs none of them."""

from __future__ import annotations

UNREACHABLE = {
    "SHARDLINE_CONNECTION_WAREHOUSE": "vertica://a:b@127.0.0.1:1/c",
    **{
        f"SHARDLINE_CONNECTION_MSSQL_{at}": "mssql://a:b@127.0.0.1:1" for at in range(3)
    },
}
