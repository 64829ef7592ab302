"""Find the text of a planted fragment in the (not shipped) source data."""

import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class _Text(HTMLParser):
    """Collects the text between the tags, entities resolved."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def normalise(text: str) -> str:
    """NFC, every run of whitespace one blank, stripped."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


@lru_cache(maxsize=2)
def _documents(path: Path) -> tuple[str, ...]:
    """The normalised documents of a source: one for a book, one per item of data[]."""
    if path.suffix == ".json":
        items = json.loads(path.read_text(encoding="utf-8"))["data"]
        return tuple(normalise(item["context"]) for item in items)
    parser = _Text()
    parser.feed(path.read_text(encoding="iso-8859-1"))
    parser.close()
    return (normalise("".join(parser.parts)),)


def fragment(row: dict[str, Any], data_home: Path) -> str:
    """The normalised fragment of a row of plants.jsonl; ValueError if it is not found intact."""
    place = row["fragment"]
    document = _documents(Path(data_home) / place["file"])[place.get("index", 0)]
    start = document.find(place["starts"])
    end = document.find(place["ends"], start)
    text = document[start : end + len(place["ends"])] if min(start, end) >= 0 else ""
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != place["sha256"]:
        raise ValueError(f"{row['id']}: no fragment with this sha256 in {place['file']}")
    return text
