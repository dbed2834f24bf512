"""The sender, and the process that it is beside a run."""
