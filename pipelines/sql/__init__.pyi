from .rendering import Dialect, Sql, identifier, precompile, render, render_file

__all__ = [
    "Dialect",
    "Sql",
    "identifier",
    "precompile",
    "render",
    "render_file",
]
