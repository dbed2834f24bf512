"""One attempt: extract, encode, COPY, marker; knows neither Luigi nor alerts."""

import lazy_loader

_of_face, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """A name of the face; or what has replaced one that the documents once taught."""
    if name == "LoadDay":
        raise ImportError("LoadDay has moved: `from pipelines.tasks import LoadDay`")
    return _of_face(name)
