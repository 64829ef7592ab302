"""A page as a tree, read by the standard library's parser: what a test asks about elements, attributes and texts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "input", "wbr", "link", "img", "hr"})
CLOSED_BY = {"tr": frozenset({"td", "th", "tr"}), "td": frozenset({"td", "th"}), "th": frozenset({"td", "th"})}


@dataclass
class Node:
    """An element with its attributes and children; texts are strings."""

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """This element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, name: str, **wanted: str) -> list["Node"]:
        """The elements of a name whose attributes have these values (`class_` holds the word)."""
        return [node for node in self.walk() if node.name == name and all(node._has(k.rstrip("_"), v) for k, v in wanted.items())]

    def one(self, name: str, **wanted: str) -> "Node":
        """The only such element."""
        found = self.all(name, **wanted)
        assert len(found) == 1, f"{len(found)} elements {name} {wanted}"
        return found[0]

    @property
    def text(self) -> str:
        """All text within, spaces folded."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()

    def _has(self, key: str, value: str) -> bool:
        found = self.attributes.get(key)
        return found is not None and (value in found.split() if key == "class" else found == value)


def parse(text: str) -> Node:
    """The tree of a page; an element that is closed but not open, or open at the end, is an error."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, f"left open: {[node.name for node in reader.open]}"
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._end(CLOSED_BY.get(tag, frozenset()))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._end(CLOSED_BY["tr"] if tag in ("tbody", "thead", "table") else frozenset({"td", "th"} if tag == "tr" else ()))
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def _end(self, names: frozenset[str]) -> None:
        """Rows and cells end where the next one begins."""
        while self.open[-1].name in names:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)
