"""What was wished, by whom, and how it ended."""
