"""What the demo prints. Every line makes sense without colour, in a pipe, and in 80 columns."""

import json
import textwrap
import time
from datetime import datetime

from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from dispatcher.demo.dispatching import Attempt
from dispatcher.demo.receiver import Received
from dispatcher.demo.records import Event, Tally

INDENT = 2
LABEL = 12
WIDEST = 100
SHOWN_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")


class Teller:
    """Tells the story, step by step: a label on the left, what there is to say beside it."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._width = min(self._console.width, WIDEST)
        self._step = 0

    def opening(self, text: str) -> None:
        """The first line."""
        self._print(Text(text, style="bold"))

    def step(self, title: str) -> None:
        """Begin a numbered step."""
        self._step += 1
        self.heading(f"{self._step}. {title}")

    def heading(self, title: str) -> None:
        """Begin a part."""
        self._print()
        self._console.print(Rule(Text(title, style="bold"), align="left", style="dim"), width=self._width)

    def line(self, label: str, text: str, style: str = "") -> None:
        """A label and what there is to say, wrapped between words."""
        width = max(self._width - INDENT - LABEL, 40)
        lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        self._block(label, Text("\n".join(lines), style=style))

    def sql(self, who: str, statements: str) -> None:
        """Statements as they are run, and who runs them."""
        self._block(who, _coloured(f"{statements};", "sql"))

    def to_copy(self, title: str, text: str) -> None:
        """A command or statement to be copied: whole, from the first column."""
        self._print()
        self._print(Text(title, style="cyan"))
        self._print(Text(text, style="bold"))

    def request(self, received: Received) -> None:
        """A whole request; its body is laid out for reading."""
        head = [f"POST {received.path}"]
        head += [f"{name}: {received.headers[name]}" for name in SHOWN_HEADERS if name in received.headers]
        self._block("request", Text("\n".join(head)))
        self._block("", _coloured(json.dumps(json.loads(received.body), indent=2, ensure_ascii=False), "json"))

    def attempt(self, attempt: Attempt, received: Received | None, committed_at: datetime) -> None:
        """One attempt: the answer, the signature, the latency; and when the next one is due."""
        answer = attempt.error if attempt.status is None else attempt.status
        style = {"succeeded": "green", "pending": "yellow"}.get(attempt.state, "red")
        if received is None or not received.verified:
            style = "red"
        text = f"{answer} in {attempt.duration_ms} ms, {_reception(received, committed_at)}"
        self.line(f"attempt {attempt.number}", text, style)
        if attempt.state == "pending":
            self.line("", f"retry: the next attempt is due in {attempt.retry_in or 0:.1f} s", style)
        elif attempt.state != "succeeded":
            self.line("", f"the delivery is {attempt.state}", style)

    def arrival(self, event: Event, attempt: Attempt, received: Received | None) -> None:
        """One attempt while the demo stays up, with its event, as others may come in between."""
        self._print()
        what = f"{event.type}, payment {event.resource_id} of clinic {event.clinic_id}"
        self.line(time.strftime("%H:%M:%S"), what, "bold")
        self.line("", f"webhook-id {event.id}")
        self.attempt(attempt, received, event.committed_at)

    def summary(self, tally: Tally) -> None:
        """The final count."""
        self.step("The count at the end")
        self.line("events", str(tally.events))
        self.line("deliveries", f"{tally.succeeded_deliveries} succeeded, {tally.live_deliveries} still live")
        self.line("attempts", f"{tally.attempts} recorded, {tally.requests} requests seen by the receiver")
        self.line("signatures", f"{tally.verified} of {tally.requests} verified")

    def last_word(self, text: str) -> None:
        """The last word, if all is well."""
        self._print()
        self._print(Text(text, style="bold green"))

    def failure(self, text: str) -> None:
        """The last word, if not."""
        self._print()
        self._print(Text("The demo failed:", style="bold red"))
        self._print(Text(textwrap.indent(text, "  "), style="red"))

    def _block(self, label: str, text: Text) -> None:
        """Lines beside a label. They are left whole, so that what is copied out of them works."""
        for number, line in enumerate(text.split("\n")):
            margin = f"{'' if number else label:<{LABEL}}"
            self._print(Text.assemble(" " * INDENT, (margin, "cyan"), line))

    def _print(self, text: Text | str = "") -> None:
        self._console.print(text, soft_wrap=True)


def _coloured(code: str, language: str) -> Text:
    text = Syntax("", language, theme="ansi_dark", background_color="default").highlight(code)
    text.rstrip()
    return text


def _reception(received: Received | None, committed_at: datetime) -> str:
    if received is None:
        return "no request arrived here"
    signature = "signature verified" if received.verified else "SIGNATURE NOT VALID"
    return f"{signature}, commit to arrival {_duration(received.at - committed_at.timestamp())}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
