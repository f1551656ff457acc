"""Shows what the engine says and passes on what the user asks. All Qt is here, on one thread."""
