"""An ETL database with its tables, of one kind and of the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from pipelines.etl_db import etl_engine


@pytest.fixture
def engine(etl_database: str) -> Iterator[Engine]:
    engine = etl_engine(SecretStr(etl_database))
    yield engine
    engine.dispose()
