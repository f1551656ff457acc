"""Settings, made from the engine's own declarations, and the sheet of shortcuts."""
