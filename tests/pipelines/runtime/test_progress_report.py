"""A command tells the worker how far it is, and nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.runtime import PROGRESS_VARIABLE, ProgressFile, telling_progress


def test_what_several_parts_of_a_run_have_to_do_adds_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = ProgressFile()
    assert file.read() == (0, 0, 0)
    monkeypatch.setenv(PROGRESS_VARIABLE, file.variable)
    for days in (150, 300):
        with telling_progress(days):
            pass
    assert file.read() == (0, 450, 0)
    file.close()


def test_a_file_that_only_has_the_same_descriptor_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = ProgressFile()
    monkeypatch.setenv(PROGRESS_VARIABLE, file.variable)
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
    os.dup2(other, file.descriptor)
    with telling_progress(150):
        pass
    assert (tmp_path / "other").read_bytes() == b""
    os.close(other)
    file.close()


@pytest.mark.parametrize("given", ["", "7", "x:y:z", "99999:1:1"])
def test_a_variable_that_names_no_file_does_nothing(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(PROGRESS_VARIABLE, given)
    with telling_progress(150):
        pass
