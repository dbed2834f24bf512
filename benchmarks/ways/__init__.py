"""The ways to load a day, a module each, with a function `load`."""
