"""Untrusted bytes into arrays."""
