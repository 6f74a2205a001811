"""The lines of the log: which an observation is worth, and how they get out."""
