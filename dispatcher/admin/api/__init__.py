"""The handlers: they read a request, call an operation, and write what it returned."""
