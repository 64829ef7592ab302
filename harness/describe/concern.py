"""One thing in a judgment set that could hurt the numbers."""

from collections.abc import Iterator
from typing import NamedTuple


class Concern(NamedTuple):
    """`level` 3: the numbers mean something else than they seem to; 2: they are biased or noisier; 1: worth a look.

    `share` (0 to 1, of what is affected) orders concerns of one level; `code` names the kind. `about`: the criterion that stands
    for `\\0` in the text; concerns that differ in nothing else are told as one.
    """

    level: int
    share: float
    code: str
    text: str
    about: str | None = None


Concerns = Iterator[Concern]
