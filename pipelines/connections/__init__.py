"""Named connections: their URIs, where each is found, and what it stands for."""
