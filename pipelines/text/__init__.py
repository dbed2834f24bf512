"""What of a text from outside may be shown: nothing hidden, and no secret."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
