"""The only way out: one guarded coroutine that sends a request and says what came of it.

No redirects, no cookies, no proxy from the environment, no decompression, TLS 1.2 or later with verified names, a
deadline over the whole exchange, bounded answers, and no connection to an address that `core.address` refuses.
docs/answers.md says what each kind of receiver comes to.
"""
