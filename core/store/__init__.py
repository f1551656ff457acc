"""The catalog, thumbnails and vector stores."""
