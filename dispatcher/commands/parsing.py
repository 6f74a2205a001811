"""How a command becomes part of the command line: each module of commands adds its own, in add_parsers()."""

import argparse
from collections.abc import Callable
from typing import TypeAlias

Command = Callable[[argparse.Namespace], int | None]
Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_parser(
    parsers: Parsers, name: str, command: Command, text: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    """Add a command; returns its parser, for its arguments."""
    added = parsers.add_parser(
        name, help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=epilog
    )
    added.set_defaults(command=command)
    return added


def at_least_one(text: str) -> int:
    """The type of a number that begins at 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)
