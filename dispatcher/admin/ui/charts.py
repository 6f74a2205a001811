"""Charts of the last hours, as SVG: numbers and words in, markup out.

What is drawn is as wide as its place: across it stands in percent, up and down in pixels, so that type, lines and
patterns are as large on a telephone as on a desk. Colours are the style sheet's, by class; what is told apart by colour
is told apart by pattern or shape, too. A chart is one image to a screen reader: its label says what it shows, in words.

Shapes are put together as plain text, as a page has hundreds: what is no number and no name of ours is escaped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10

from markupsafe import Markup, escape

from dispatcher.admin.ui.scales import few, magnitudes, ticks

_HEIGHT, _TOP, _FLOOR = 168, 10, 144  # pixels; what is drawn is between the last two, and below them are the times
_LEFT = 12.0  # percent, for what the lines across say
# Of a sparkline, in pixels; failures are marked below its floor.
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_FLOOR = 98, 26, 19

Write = Callable[[float], str]


@dataclass(frozen=True)
class Words:
    """What a chart says in words.

    Attributes:
        label: what it shows, with its numbers, for who does not see it.
        empty: what stands in it if there is nothing to show.
        told: what each hour says when it is pointed at.
        times: what stands below some of the hours, with their index.
    """

    label: str
    empty: str
    told: Sequence[str]
    times: Sequence[tuple[int, str]]


def sparkline(succeeded: Sequence[int], failed: Sequence[int], label: str) -> Markup:
    """A small chart of the attempts of each hour: a dash where there are none, a mark below where some failed."""
    hours = list(zip(succeeded, failed, strict=True))
    most = max((good + bad for good, bad in hours), default=0)
    step = _SPARK_WIDTH / max(len(hours), 1)
    drawn = "".join(_spark(index * step, step, good, bad, most) for index, (good, bad) in enumerate(hours))
    return _markup(
        f'<svg class="spark" role="img" aria-label="{escape(label)}" width="{_SPARK_WIDTH}"'
        f' height="{_SPARK_HEIGHT}">{drawn}</svg>'
    )


def _spark(x: float, step: float, good: int, bad: int, most: int) -> str:
    left, wide = _n(x), _n(step - 1)
    if not good + bad:
        return _rect("nothing", left, _SPARK_FLOOR - 1, wide, 1)
    # What is there is seen, however little it is beside the largest.
    tall = max(2.0, (good + bad) / most * (_SPARK_FLOOR - 1))
    low = tall * bad / (good + bad)
    drawn = _rect("succeeded", left, _SPARK_FLOOR - tall, wide, tall - low) if good else ""
    if bad:
        drawn += _rect("failed", left, _SPARK_FLOOR - low, wide, low)
        drawn += f'<path class="failed" d="M{_n(x + step / 2 - 0.5)} {_SPARK_FLOOR + 1}l2 5h-4z"/>'
    return drawn


def columns(name: str, succeeded: Sequence[int], failed: Sequence[int], words: Words, write: Write) -> Markup:
    """A column for each hour: what succeeded, and on it, striped, what failed.

    Args:
        name: no other chart of the page has it.
        write: writes a number, for the lines across.
    """
    hours = list(zip(succeeded, failed, words.told, strict=True))
    most = max((good + bad for good, bad, _ in hours), default=0)
    if not most:
        return _empty_chart(words)
    marks, across = ticks(most), _Across(len(hours))
    drawn = [_stripes(name), _lines_across((mark / marks[-1], write(mark)) for mark in marks)]
    for index, (good, bad, told) in enumerate(hours):
        middle, top = _y(good / marks[-1]), _y((good + bad) / marks[-1])
        column = ""
        if good:
            column += _rect("succeeded", across.left(index), middle, across.wide, _FLOOR - middle)
        if bad:
            column += _rect("striped", across.left(index), top, across.wide, max(1.5, middle - top), name)
        drawn.append(_hour(across, index, told, column))
    return _chart(words, [*drawn, *_times(across, words)])


def lines(typical: Sequence[float | None], slow: Sequence[float | None], words: Words, write: Write) -> Markup:
    """Two lines over times that lie far apart: what is typical, with dots; and what is slow, dashed and with rings.

    Args:
        typical, slow: milliseconds; None: the hour has none. They are drawn by their magnitude: ten times as long is as
            much higher everywhere.
        write: writes milliseconds, for the lines across.
    """
    known = [value for value in (*typical, *slow) if value is not None]
    if not known:
        return _empty_chart(words)
    marks, across = magnitudes(min(known), max(known)), _Across(len(typical))

    def share(value: float) -> float:
        value = min(max(value, marks[0]), marks[-1])
        return (log10(value) - log10(marks[0])) / (log10(marks[-1]) - log10(marks[0]))

    drawn = [_lines_across((share(mark), write(mark)) for mark in few(marks))]
    for kind, values in (("slow", slow), ("typical", typical)):
        drawn += _line(kind, across, [None if value is None else _y(share(value)) for value in values])
    drawn += [_hour(across, index, told) for index, told in enumerate(words.told)]
    return _chart(words, [*drawn, *_times(across, words)])


def key(kind: str) -> Markup:
    """A sample for the legend: of what succeeded, failed, is typical or slow."""
    match kind:
        case "succeeded":
            drawn = _rect(kind, "0", 1, "14", 10)
        case "failed":
            drawn = _stripes("key") + _rect("striped", "0", 1, "14", 10, "key")
        case _:
            drawn = f'<line class="{kind}" x1="0" x2="22" y1="6" y2="6"/>{_dot(kind, "11", 6)}'
    return _markup(f'<svg class="key" aria-hidden="true" width="22" height="12">{drawn}</svg>')


class _Across:
    """Where the hours stand, in percent."""

    def __init__(self, count: int) -> None:
        self.step = (100 - _LEFT) / max(count, 1)
        self.wide = _p(self.step * 0.72)  # a column

    def start(self, index: int) -> str:
        return _p(_LEFT + self.step * index)

    def left(self, index: int) -> str:
        return _p(_LEFT + self.step * (index + 0.14))

    def middle(self, index: int) -> str:
        return _p(_LEFT + self.step * (index + 0.5))


def _chart(words: Words, drawn: Iterable[str]) -> Markup:
    label = escape(words.label)
    return _markup(
        f'<svg class="chart" role="img" aria-label="{label}" width="100%" height="{_HEIGHT}">{"".join(drawn)}</svg>'
    )


def _empty_chart(words: Words) -> Markup:
    line = f'<line class="across" x1="0" x2="100%" y1="{_FLOOR}" y2="{_FLOOR}"/>'
    text = f'<text class="empty-chart" x="50%" y="{_HEIGHT // 2}" text-anchor="middle">{escape(words.empty)}</text>'
    return _chart(words, [line, text])


def _lines_across(marks: Iterable[tuple[float, str]]) -> str:
    """Lines at shares of the height, with what each stands for."""
    left, right = _p(_LEFT), _p(_LEFT - 1)
    return "".join(
        f'<line class="across" x1="{left}" x2="100%" y1="{_n(_y(share))}" y2="{_n(_y(share))}"/>'
        f'<text x="{right}" y="{_n(_y(share) + 4)}" text-anchor="end">{escape(text)}</text>'
        for share, text in marks
    )


def _times(across: _Across, words: Words) -> Iterator[str]:
    for index, text in words.times:
        # The last one would stand out at the right.
        place, anchor = ("100%", "end") if index == len(words.told) - 1 else (across.middle(index), "middle")
        yield f'<text x="{place}" y="{_FLOOR + 17}" text-anchor="{anchor}">{escape(text)}</text>'


def _hour(across: _Across, index: int, told: str, drawn: str = "") -> str:
    """An hour from top to bottom, so that it is easily pointed at."""
    whole = _rect("hour", across.start(index), _TOP, _p(across.step), _FLOOR - _TOP)
    return f"<g><title>{escape(told)}</title>{drawn}{whole}</g>"


def _line(kind: str, across: _Across, places: Sequence[float | None]) -> Iterator[str]:
    for index, (here, there) in enumerate(pairwise(places)):
        if here is not None and there is not None:
            start, end = across.middle(index), across.middle(index + 1)
            yield f'<line class="{kind}" x1="{start}" y1="{_n(here)}" x2="{end}" y2="{_n(there)}"/>'
    for index, here in enumerate(places):
        if here is not None:
            yield _dot(kind, across.middle(index), here)


def _dot(kind: str, x: str, y: float) -> str:
    """A ring is larger than a dot, so that both are seen where they meet."""
    return f'<circle class="{kind}" cx="{x}" cy="{_n(y)}" r="{2.5 if kind == "typical" else 4}"/>'


def _stripes(name: str) -> str:
    return (
        f'<defs><pattern id="{name}-stripes" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="ground" width="5" height="5"/>'
        '<rect class="failed" width="2.5" height="5"/></pattern></defs>'
    )


def _rect(kind: str, x: str, y: float, width: str, height: float, stripes: str | None = None) -> str:
    fill = "" if stripes is None else f' fill="url(#{stripes}-stripes)"'
    return f'<rect class="{kind}" x="{x}" y="{_n(y)}" width="{width}" height="{_n(height)}"{fill}/>'


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704  # every text in it went through escape()


def _y(share: float) -> float:
    return _FLOOR - share * (_FLOOR - _TOP)


def _p(percent: float) -> str:
    return f"{percent:.2f}%"


def _n(pixels: float) -> str:
    return f"{pixels:.1f}".removesuffix(".0")
