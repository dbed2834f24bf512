from .freshness import (
    Inputs,
    ReportMarker,
    ReportMarkers,
    current_inputs,
    find_report_marker,
    is_fresh,
    read_inputs,
)
from .refresh import is_report_made, make_report, missing_too_many, refresh_report
from .stale import stale_reports
from .statements import (
    create_table_statement,
    create_view_statement,
    delete_statement,
    headlines_statement,
    insert_statement,
    quoted_name,
    rows_statement,
)

__all__ = [
    "Inputs",
    "ReportMarker",
    "ReportMarkers",
    "create_table_statement",
    "create_view_statement",
    "current_inputs",
    "delete_statement",
    "find_report_marker",
    "headlines_statement",
    "insert_statement",
    "is_fresh",
    "is_report_made",
    "make_report",
    "missing_too_many",
    "quoted_name",
    "read_inputs",
    "refresh_report",
    "rows_statement",
    "stale_reports",
]
