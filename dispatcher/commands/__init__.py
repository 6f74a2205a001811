"""The commands of the command line, a module for each subject, which adds their parsers and carries them out.

`dispatcher/__main__.py` collects, parses and calls them.
A command takes the parsed arguments and returns its exit code, or None for 0. What it raises, __main__ puts into words.
"""
