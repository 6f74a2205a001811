"""Secrets that are planted, and everything that was written, by who wrote it."""

import re

from tests.support.cli import Finished, cli

SHORTEST = 16  # a canary that could turn up by chance proves nothing


class Canaries:
    """What must not be found, where it was planted, and what was written anywhere."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}
        self.written: dict[str, str] = {}

    def plant(self, name: str, text: str) -> str:
        """Remember a secret; returns it."""
        assert len(text) >= SHORTEST
        self.planted[name] = text
        return text

    def write(self, place: str, text: str) -> None:
        """Remember what was written somewhere."""
        self.written[place] = self.written.get(place, "") + text

    def command(self, env: dict[str, str], *arguments: str, shows_a_key: bool = False) -> Finished:
        """Run a command and remember what it printed. The key that one shows is planted instead."""
        done = cli(*arguments, **env)
        place = f"outbound-webhooks {' '.join(arguments)}"
        self.write(place + ", standard error", done.err)
        if shows_a_key:
            (key,) = re.findall(r"whsec_\S+", done.out)
            self.plant(f"the key of {place}", key[6:])
        else:
            self.write(place, done.out)
        return done

    def found(self) -> list[tuple[str, str]]:
        """Every secret that stands somewhere: its name, and the place."""
        return [
            (name, place)
            for place, text in self.written.items()
            for name, canary in self.planted.items()
            if canary in text
        ]
