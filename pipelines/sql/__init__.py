"""Data of the package: sql."""
