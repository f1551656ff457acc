"""Milvus, in a file or on a server: the one place that speaks to it."""
