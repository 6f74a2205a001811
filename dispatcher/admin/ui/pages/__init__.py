"""The pages: their handlers, and their routes."""
