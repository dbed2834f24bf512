"""What a module of one's own derives its tasks from, and Luigi's own command runs.

`luigi --module pipelines.tasks LoadTable --table payments --date 2019-03-14`

To import this is to have failures recorded: where Luigi's command starts the run, no
code of ours does.
"""

import lazy_loader

from pipelines.tasks.event_handlers import register_handlers

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

register_handlers()
