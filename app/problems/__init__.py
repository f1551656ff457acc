"""The files that could not be read, why, and what to do."""
