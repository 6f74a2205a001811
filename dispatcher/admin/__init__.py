"""The admin API: who calls, what they may do, and the operations that they call. It sends tests, and claims nothing."""
