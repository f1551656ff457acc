"""The sidebar: all photos, the watched folders, the problems."""
