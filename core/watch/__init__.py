"""Which files there are (`scan`), what changed (`changes`), when to look (`watcher`), what a file is (`identity`)."""
