"""Data of the package: catalogs."""
