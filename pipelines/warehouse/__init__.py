"""All that knows Vertica."""
