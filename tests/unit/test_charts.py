"""Charts: what is drawn is what was counted, nothing hangs on a colour, and no text becomes markup."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from dispatcher.admin.ui import charts
from dispatcher.admin.ui.charts import Words
from dispatcher.admin.ui.scales import few, magnitudes, ticks

EVIL = '"><script>alert(1)</script>'


def words(count: int, label: str = "a label") -> Words:
    """Words of a chart of so many hours."""
    return Words(label, "nothing yet", [f"hour {n}" for n in range(count)], [(0, "first"), (count - 1, "now")])


def drawn(svg: str) -> ET.Element:
    """A chart, parsed; one that is an image with a label."""
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    return root


def heights(root: ET.Element, kind: str) -> list[float]:
    """The heights of what is drawn of a kind, from left to right."""
    return [float(rect.get("height", "")) for rect in root.iter("rect") if rect.get("class") == kind]


def columns(succeeded: Sequence[int], failed: Sequence[int], label: str = "a label") -> ET.Element:
    """A chart of columns."""
    return drawn(charts.columns("c", succeeded, failed, words(len(succeeded), label), str))


def lines(typical: Sequence[float | None], slow: Sequence[float | None]) -> ET.Element:
    """A chart of lines."""
    return drawn(charts.lines(typical, slow, words(len(typical)), lambda ms: f"{ms:g} ms"))


def texts(root: ET.Element) -> list[str]:
    """What stands in a chart."""
    return [str(text.text) for text in root.iter("text")]


def test_columns_are_as_high_as_their_numbers() -> None:
    """What succeeded from the floor up, what failed on top of it and striped, nothing where there was nothing."""
    root = columns([10, 0, 20], [10, 5, 0])

    assert heights(root, "succeeded") == [67.0, 134.0]
    assert heights(root, "striped") == [67.0, 33.5]
    assert {rect.get("fill") for rect in root.iter("rect") if rect.get("class") == "striped"} == {"url(#c-stripes)"}
    assert [title.text for title in root.iter("title")] == ["hour 0", "hour 1", "hour 2"]
    assert texts(root) == ["0", "5", "10", "15", "20", "first", "now"]


def test_a_failure_is_seen_beside_a_million() -> None:
    """It has a height."""
    assert heights(columns([1_000_000], [1]), "striped") == [1.5]


@pytest.mark.parametrize("svg", [columns([0] * 24, [0] * 24), lines([None] * 24, [None] * 24), columns([], [])])
def test_an_empty_chart_says_so(svg: ET.Element) -> None:
    """In words, and with nothing else but its floor."""
    assert texts(svg) == ["nothing yet"]
    assert [child.tag for child in svg] == ["line", "text"]


def test_lines_leave_gaps() -> None:
    """Hours without a number are not joined over; each hour that has one has its dot, or its ring."""
    root = lines([10, 10, None, 10], [100, 1000, None, 100])

    assert [line.get("class") for line in root.iter("line")].count("typical") == 1
    dots = [(circle.get("class"), circle.get("r"), circle.get("cy")) for circle in root.iter("circle")]
    assert dots == [*(("slow", "4", y) for y in ("77", "10", "77")), *[("typical", "2.5", "144")] * 3]


def test_lines_by_magnitude() -> None:
    """Ten times as long is as much higher everywhere; the lines across are round times."""
    root = lines([1, 10, 100], [None, None, None])
    places = [float(circle.get("cy", "")) for circle in root.iter("circle")]

    assert places[0] - places[1] == places[1] - places[2] > 0
    assert texts(root) == ["1 ms", "10 ms", "100 ms", "first", "now"]


def test_what_is_beyond_is_at_the_edge() -> None:
    """Nothing is drawn outside, however short or long it took."""
    root = lines([0, 0.2], [10**12, None])

    assert {circle.get("cy") for circle in root.iter("circle")} == {"10", "144"}


def test_a_sparkline() -> None:
    """An hour without any is a dash; one with failures has a mark below, so that it is not told by colour alone."""
    root = drawn(charts.sparkline([9, 0, 1000, 0], [0, 0, 1000, 1], "a label"))

    assert len(heights(root, "nothing")) == 1
    assert heights(root, "succeeded") == [2.0, 9.0]
    assert heights(root, "failed") == [9.0, 2.0]
    assert len(list(root.iter("path"))) == 2


def test_a_sparkline_of_nothing() -> None:
    """Is one dash for each hour."""
    assert heights(drawn(charts.sparkline([0] * 24, [0] * 24, "nothing")), "nothing") == [1.0] * 24


def test_no_text_becomes_markup() -> None:
    """Neither in a label nor in a title, a time or a number."""
    evil = Words(EVIL, EVIL, [EVIL], [(0, EVIL)])
    for svg in (
        charts.columns("c", [1], [1], evil, lambda _: EVIL),
        charts.columns("c", [0], [0], evil, str),
        charts.lines([1], [2], evil, lambda _: EVIL),
        charts.sparkline([1], [1], EVIL),
    ):
        assert "<script" not in svg
        assert drawn(svg).get("aria-label") == EVIL
        assert " style=" not in svg


@pytest.mark.parametrize("kind", ["succeeded", "failed", "typical", "slow"])
def test_keys(kind: str) -> None:
    """A sample for the eye alone, with the shape that is drawn."""
    root = ET.fromstring(charts.key(kind))
    shapes = {"succeeded": "succeeded", "failed": "striped"}.get(kind, kind)

    assert root.get("aria-hidden") == "true"
    assert shapes in {element.get("class") for element in root.iter()}


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (0, [0, 1]), (1, [0, 1]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (15, [0, 5, 10, 15]), (99, [0, 50, 100]),
        (100, [0, 50, 100]), (1234, [0, 500, 1000, 1500]), (8_000_000, [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]),
    ],
)  # fmt: skip
def test_ticks(most: int, marks: list[int]) -> None:
    """Few, round, whole, and up to the largest."""
    assert ticks(most) == marks


def test_ticks_are_few_for_any_number() -> None:
    """Two to five, the last of them the first that is no less."""
    for most in range(1, 3000):
        marks = ticks(most)
        assert 2 <= len(marks) <= 5
        assert marks[-2] < most <= marks[-1]


@pytest.mark.parametrize(
    ("least", "most", "marks"),
    [
        (5, 5, [1, 10]),
        (10, 10, [10, 100]),
        (12, 900, [10, 100, 1000]),
        (0, 0, [1, 10]),
        (40_000, 40_000, [10_000, 60_000]),
        (10**12, 10**12, [86_400_000, 864_000_000]),
    ],
)
def test_magnitudes(least: int, most: int, marks: list[int]) -> None:
    """Round times around all of them; two even for one."""
    assert magnitudes(least, most) == marks
    assert len(few(magnitudes(1, 10**9))) <= 6
