"""A page, read as a browser reads it: its elements in order, and its text."""

from __future__ import annotations

from html.parser import HTMLParser


class Parsed(HTMLParser):
    """elements: name and attributes of each, in order. text: all of it, but that of styles and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self._within: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join("".join(self._text).split())

    @property
    def shape(self) -> list[tuple[str, list[str]]]:
        """What the markup is, whatever the text."""
        return [(tag, list(attributes)) for tag, attributes in self.elements]

    def all(self, tag: str, cls: str = "") -> list[dict[str, str | None]]:
        """List the attributes of the elements of a name, and of a class if one is given."""
        return [a for t, a in self.elements if t == tag and (not cls or cls in (a.get("class") or "").split())]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            del self._within[len(self._within) - 1 - self._within[::-1].index(tag) :]
        self._text.append(" " if tag in ("p", "td", "th", "dd", "dt", "li", "a", "h1", "h2", "h3", "summary") else "")

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._within):
            self._text.append(data)
