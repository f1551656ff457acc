"""Arrays and words into vectors."""
