"""AWS as moto plays it, and a stack in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from stacks import deploy

REGION = "eu-central-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account, and somebody who is logged in to it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def stack(aws: None) -> dict[str, str]:  # noqa: ARG001 - it must be there
    """The outputs of a stack named `shardline`."""
    return deploy("shardline")
