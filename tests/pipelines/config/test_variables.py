from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from pipelines.config import Items, Variables
from pipelines.config.variables import Fields, Value
from pipelines.errors import ConfigurationError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def shown(template: str) -> str:
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    return environment.from_string(template).render(var=Variables())


def plain(value: Value) -> object:
    """What a value is, through the doors that a template has."""
    match value:
        case Fields():
            return {name: plain(value[name]) for name in value}
        case Items():
            return [plain(item) for item in value]
        case _:
            return value


@given(document=JSON)
def test_json_is_what_it_says(document: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written = json.dumps(document)
        if "Infinity" in written:
            return
        patch.setenv("SHARDLINE_VARIABLE_DOCUMENT", written)
        assert plain(Variables().document) == document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("north", "north"),
        ("2019-03-14", "2019-03-14"),
        ("007", "007"),
        ("NaN", "NaN"),
        ("1e999", "1e999"),
        (" a b ", " a b "),
        ("1000", 1000),
        ('"1000"', "1000"),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
    ],
)
def test_what_is_not_json_is_text(
    written: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDLINE_VARIABLE_ONE", written)
    found = Variables().one
    assert (type(found), found) == (type(value), value)


@given(name=st.text(min_size=1))
@example(name="items")
@example(name="_path")
@example(name="__len__")
def test_a_field_may_have_any_name(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARDLINE_VARIABLE_FIELDS", json.dumps({name: "here"}))
        fields = Variables()["fields"]
        assert isinstance(fields, Fields)
        assert fields[name] == "here"
        assert name in fields
        if name.isidentifier() and not name.startswith("__"):
            assert shown(f"{{{{ var.fields.{name} }}}}") == "here"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("var.limts", "unknown variable var.limts: perhaps limits was meant"),
        ("var.limits.max_row", "var.limits.max_row: perhaps max_rows was meant"),
        ("var.limits['x']", "unknown variable var.limits.x: there are: max_rows"),
        ("var.cities[2]", r"unknown variable var.cities\[2\]: it is a list of 2"),
        ("var.cities.first", r"var.cities\[first\]: it is a list of 2"),
        ("var.limits.max_rows.deep", "no attribute 'deep'"),
    ],
)
def test_what_is_not_there_is_an_error_with_the_names_that_are_alike(
    asked: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDLINE_VARIABLE_LIMITS", '{"max_rows": 5}')
    monkeypatch.setenv("SHARDLINE_VARIABLE_CITIES", '["a", "b"]')
    with pytest.raises(Exception, match=told):
        shown(f"{{{{ {asked} }}}}")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('{"s3cret": 1,}', "in line 1"),
        ('[1,\n "s3cret]', "in line 2"),
        ('{"s3cret": 1, "s3cret": 2}', "there twice"),
        ("[1e999]", "not finite"),
        ("[NaN]", "not finite"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_json_that_is_none_is_told_without_its_text(
    written: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDLINE_SECRETS", str(tmp_path))
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "broken").write_text(written)
    with pytest.raises(ConfigurationError) as caught:
        _ = Variables().broken
    assert f"variable broken (the file {tmp_path}/variables/broken)" in str(
        caught.value
    )
    assert why in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_environment_comes_before_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDLINE_SECRETS", str(tmp_path))
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "city").write_text("чита\n", encoding="utf-8")
    assert Variables().city == "чита"
    monkeypatch.setenv("SHARDLINE_VARIABLE_CITY", "")
    assert Variables().city == "чита"
    monkeypatch.setenv("SHARDLINE_VARIABLE_CITY", "абакан")
    assert Variables().city == "абакан"
    assert "city" in Variables()
    assert "country" not in Variables()
