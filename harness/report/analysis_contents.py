"""Figures that analyses leave in a report besides those of every run: points with bins, and pictures with words beside them.

As in `harness.report.contents`: texts are plain text, whoever draws them escapes them.
"""

from base64 import b64decode
from binascii import Error

import msgspec

_BEGINS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_LARGEST = 4_000_000  # bytes of a picture


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Point(_Part, frozen=True, kw_only=True):
    """A point with its name, which is shown on pointing at it."""

    x: float
    y: float
    label: str = ""


class Bin(_Part, frozen=True, kw_only=True):
    """The points of a stretch of the x axis: its middle, their mean with its interval, how many; `value` None: no data."""

    x: float
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


class ScatterPanel(_Part, frozen=True, kw_only=True):
    """One cloud of points with its bins; `summary`: a correlation in words, say."""

    label: str
    points: tuple[Point, ...] = ()
    bins: tuple[Bin, ...] = ()
    summary: str = ""
    note: str | None = None


class Scatter(_Part, frozen=True, kw_only=True, tag="scatter"):
    """Points over common axes, a panel each; `neutral`: the value of no effect, drawn as a line."""

    id: str
    title: str
    caption: str
    x_label: str
    y_label: str
    panels: tuple[ScatterPanel, ...]
    neutral: float | None = None


class Picture(_Part, frozen=True, kw_only=True):
    """A picture that the report carries: PNG or JPEG as base64. `said`: what it shows, for those who do not see it.

    Raises ValueError for what is no such picture, or one above 4 MB.
    """

    data: str
    kind: str
    said: str = ""
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _BEGINS:
            raise ValueError(f"a picture is {' or '.join(_BEGINS)}, got {self.kind!r:.40}")
        if len(self.data) > _LARGEST * 4 // 3 + 4:
            raise ValueError(f"a picture has at most {_LARGEST:,} bytes")
        try:
            begins = b64decode(self.data, validate=True)
        except (Error, ValueError):
            raise ValueError("the data of a picture are base64") from None
        if not begins.startswith(_BEGINS[self.kind]):
            raise ValueError(f"the data of a picture are not {self.kind}")
        if self.width < 0 or self.height < 0:
            raise ValueError(f"a picture's sides are 0 (not said) or more, got {self.width} × {self.height}")


class GalleryEntry(_Part, frozen=True, kw_only=True):
    """A heading, pictures in order, a text with the stretch that is meant (`before`, `marked`, `after`), and short facts.

    `note`: why there are no pictures."""

    title: str
    pictures: tuple[Picture, ...] = ()
    before: str = ""
    marked: str = ""
    after: str = ""
    language: str = ""
    facts: tuple[str, ...] = ()
    note: str | None = None


class Gallery(_Part, frozen=True, kw_only=True, tag="gallery"):
    """Entries with pictures, the most telling first."""

    id: str
    title: str
    caption: str
    entries: tuple[GalleryEntry, ...]
