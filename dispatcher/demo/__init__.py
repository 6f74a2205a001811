"""What `make demo` and the tests need beside the product: an embedded PostgreSQL, a host application, a receiver.

Nothing outside this package imports it.
"""
