"""AWS as moto plays it, and a stack in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto import mock_aws

from tests.kit.stacks import deploy


@contextmanager
def logged_in() -> Iterator[None]:
    """An empty account, and somebody who is logged in to it."""
    given = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in given.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_REGION"):
            patch.delenv(name, raising=False)
        # boto3 keeps a session, and with it the region of whoever came before.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


@pytest.fixture
def account() -> Iterator[None]:
    """An account of its own for a test that makes a stack."""
    with logged_in():
        yield


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """The outputs of a stack `shardline` with all its parts, for a file's tests."""
    with logged_in():
        yield deploy("shardline", Bot="ENABLED")
