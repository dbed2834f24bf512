"""Long operations as jobs: their queue in the ETL database, and who works on it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
