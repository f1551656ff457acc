"""The sidebar: everything and each kind of it, the watched folders, the problems."""
