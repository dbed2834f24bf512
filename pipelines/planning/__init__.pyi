from .estimates import Estimates, Expected, usual_loads
from .plan import Plan, TablePlan, count_days_over, make_plan
from .selection import Selection, last_days, matching_names, name_some, select
from .status import DayState, Grid, read_grid

__all__ = [
    "DayState",
    "Estimates",
    "Expected",
    "Grid",
    "Plan",
    "Selection",
    "TablePlan",
    "count_days_over",
    "last_days",
    "make_plan",
    "matching_names",
    "name_some",
    "read_grid",
    "select",
    "usual_loads",
]
