"""Decisions without I/O, clock or randomness: what they need is handed to them."""
