"""`shardline why`: what became of a shard's day."""

from __future__ import annotations

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import WHY

HELP = """Tell what became of a day of SHARD: attempts, causes, incidents, what is next.

    Newest first, from the markers, the session log, the incidents and the jobs; times
    are in UTC. What comes next is what is known of it: an attempt that goes on, a job
    that waits, the end of the day where the shard is, or that nobody has asked.

    \b
    Examples:
      shardline why moscow --date 2019-03-14
      shardline why moscow --date 2019-03-14 --table orders
      shardline why moscow --date 2019-03-14 --json | jq '.[].next'

    \b
    Exit codes:
       0  it is told, whatever it says
       2  wrong usage or configuration
      30  the warehouse or the ETL database cannot be read
    """

why = verb_command(WHY, "why", HELP)
