"""What each promise of a capture costs: the loop of single INSERTs once more, by functions that lack one of them.

What is left is not ours any more; it says what a trigger could cost at the least that does not promise this.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.loops import Loop, run
from benchmarks.server import Bench
from benchmarks.variants import INSERT, MINIMAL, OURS, WRITER

CAPTURE = "capture_payment_transactions"
INSERT_EVENT = "insert_event"
NOTHING = "nothing: ours as it is"
EVERYTHING = "all of these at once"


@dataclass(frozen=True)
class Promise:
    """What is promised, and what in the text of a function keeps it (a regular expression), or stands there instead."""

    words: str
    function: str
    pattern: str
    instead: str = ""


PROMISES = (
    Promise(
        "the write commits, whatever goes wrong in here (the ledger)",
        CAPTURE,
        r"exception when others or assert_failure then\n    get stacked.*(?=end\n)",
    ),
    Promise(
        "it waits 100 ms at most, writes UTC, takes no name from the session", CAPTURE, r'\n SET "?\w+"? TO [^\n]*'
    ),
    Promise(
        "a clinic without an endpoint costs next to nothing",
        CAPTURE,
        r"    if not exists \(.*?\) then\s+return null;\s+end if;\n",
    ),
    Promise(
        "one transaction can do without",
        CAPTURE,
        r"    if current_setting\('outbound_webhooks\.capture'.*?end if;\n    end if;\n",
    ),
    Promise(
        "nobody is woken in vain, and nobody sleeps through it",
        INSERT_EVENT,
        r"    if found and .*?end if;\n    end if;\n",
    ),
    Promise(
        "trace, actor and request go along",
        INSERT_EVENT,
        r"outbound_webhooks\.traceparent\(\),\s+outbound_webhooks\.transaction_label\('[^']*'\),"
        r"\s+outbound_webhooks\.transaction_label\('[^']*'\)",
        "null, null, null",
    ),
    Promise(
        "an endpoint chooses its event types, and filters them",
        INSERT_EVENT,
        r"        and e\.event_types && .*?e\.filter\)\)",
    ),
)

# Microseconds a statement by what is lacking, one for each repetition; MINIMAL beside them.
Lacking = Mapping[str, Sequence[float]]


def measure(bench: Bench, repetitions: int, progress: Callable[[str], None]) -> Lacking:
    """Microseconds of processor time a statement, each in a transaction of its own, interleaved.

    Raises:
        LookupError: a function has changed, so that a promise is not found in it.
    """
    texts = {name: _text(bench, name) for name in (CAPTURE, INSERT_EVENT)}
    lacking = {NOTHING: texts, EVERYTHING: without(texts, PROMISES)}
    lacking |= {promise.words: without(texts, (promise,)) for promise in PROMISES}
    measured: dict[str, list[float]] = {words: [] for words in (*lacking, MINIMAL)}
    bench.host.rows("set synchronous_commit = off")
    for repetition in range(repetitions):
        progress(f"promises, repetition {repetition + 1} of {repetitions}")
        bench.reset()
        for words in random.sample(list(measured), len(measured)):
            for text in lacking.get(words, texts).values():
                bench.host.rows(text)
            bench.host.rows(f"set role {WRITER}")
            measured[words].append(run(bench, Loop(INSERT, MINIMAL if words == MINIMAL else OURS, separately=True)))
            bench.host.rows("reset role")
    for text in texts.values():
        bench.host.rows(text)
    bench.host.rows("reset synchronous_commit")
    return measured


def without(texts: Mapping[str, str], promises: Sequence[Promise]) -> dict[str, str]:
    """The functions' texts without what keeps these promises.

    Raises:
        LookupError: it is not found.
    """
    changed = dict(texts)
    for promise in promises:
        changed[promise.function], found = re.subn(
            promise.pattern, promise.instead, changed[promise.function], flags=re.DOTALL
        )
        if not found:
            raise LookupError(f"{promise.function} has nothing that keeps this: {promise.words}")
    return changed


def _text(bench: Bench, function: str) -> str:
    definition = "select pg_get_functiondef(p.oid) from pg_proc as p where p.proname = %s"
    return str(bench.host.value(definition, function))
