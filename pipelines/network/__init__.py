"""How servers are reached: addresses, certificates, bounds, and what is remembered."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
