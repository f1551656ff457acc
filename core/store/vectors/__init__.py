"""Where one space is searched."""
