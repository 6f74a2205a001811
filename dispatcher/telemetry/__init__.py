"""What the dispatcher tells the outside: observations become log lines, metrics and health."""
