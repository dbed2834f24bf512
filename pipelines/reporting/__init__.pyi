from .freshness import Inputs, current_inputs, is_fresh, read_inputs
from .refresh import is_report_made, make_report, missing_too_many, refresh_report
from .stale import stale_reports
from .statements import (
    create_table_statement,
    create_view_statement,
    delete_statement,
    headlines_statement,
    insert_statement,
    quoted_name,
)

__all__ = [
    "Inputs",
    "create_table_statement",
    "create_view_statement",
    "current_inputs",
    "delete_statement",
    "headlines_statement",
    "insert_statement",
    "is_fresh",
    "is_report_made",
    "make_report",
    "missing_too_many",
    "quoted_name",
    "read_inputs",
    "refresh_report",
    "stale_reports",
]
