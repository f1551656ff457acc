"""Which files there are, and what changed."""
