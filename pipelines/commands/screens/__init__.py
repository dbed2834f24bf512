"""What commands show: grids, tables, progress."""
