"""Alerts: what failed, told to people once an incident, whatever happens to us."""
