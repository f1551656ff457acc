"""Asks: the search field with its chips, the filters, and whatever is dropped or pasted."""
