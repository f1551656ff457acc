"""Every thread and process there is."""
