"""The forms of a page, as a browser would send them."""

from collections.abc import Mapping
from html.parser import HTMLParser

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    """Collects, by the action of each form, what its fields hold; buttons are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Fields] = {}
        self._fields: Fields = {}
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form, or a field of it."""
        values = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._fields = self.found.setdefault(values.get("action", ""), {})
            case "input" if values.get("type") != "checkbox" or "checked" in values:
                self._add(values["name"], values.get("value", ""))
            case "textarea":
                self._area = values["name"]
                self._add(self._area, "")
            case "select":
                self._select = values["name"]
            case "option" if self._select and ("selected" in values or self._select not in self._fields):
                self._fields[self._select] = [values["value"]]

    def handle_endtag(self, tag: str) -> None:
        """The end of a field that has one."""
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """What stands in a text area; its first line break is none."""
        if self._area is not None:
            self._fields[self._area][-1] += data.removeprefix("\n")

    def _add(self, name: str, value: str) -> None:
        self._fields.setdefault(name, []).append(value)


def fields_of(text: str, action: str) -> Mapping[str, list[str]]:
    """What the form of a page holds that is sent to this path."""
    parser = _Forms()
    parser.feed(text)
    return {name: list(values) for name, values in parser.found[action].items()}
