"""What kills of a bot cost its commands: ours beside bots of two libraries."""
