"""Which days: what is selected, what is there, what is missing, how long it takes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
