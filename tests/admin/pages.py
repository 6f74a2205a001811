"""Pages of the UI as a test reads them: their text without the markup, and their tables."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, section: str | None) -> None:
        super().__init__()
        self.section, self.depth, self.text, self.rows = section, 0, list[str](), list[list[str]]()
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.depth += bool(self.depth or self.section is None or ("id", self.section) in attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "section" and self.depth:
            self.depth -= 1
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if words and (self.depth or self.section is None):
            self.text.append(words)
        if words and self._in_cell:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {words}".strip()


def text_of(html: str, section: str | None = None) -> str:
    """The text of a page, or of one of its sections, with one space between any two words."""
    reader = _Reader(section)
    reader.feed(html)
    return " ".join(reader.text)


def rows_of(html: str) -> list[list[str]]:
    """The rows of all tables of a page, as the text of their cells; heads too."""
    reader = _Reader(None)
    reader.feed(html)
    return reader.rows
