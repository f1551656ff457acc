"""Questions into one calibrated ranking."""
