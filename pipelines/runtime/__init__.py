"""Signals, logs, the first process of a container, what forked processes share."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
