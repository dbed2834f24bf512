"""`incidents`: what failed for one reason, and what people do about it."""
