"""False servers, seeded, against our own client sides; `python -m tests.fuzz --help`.

A protocol is one file here, with a class `Side` that is a `tests.fuzz.side.ClientSide`,
and its name in `NAMES`.
"""

NAMES = ("smtp", "tds", "telegram", "vertica")
