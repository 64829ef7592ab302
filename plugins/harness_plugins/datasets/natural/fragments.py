"""The fragments that are written about, as rows, and what of the text is none."""

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache

from harness.build.rows import SetAside
from harness_plugins.datasets.native_text.documents import TextSource
from harness_plugins.datasets.native_text.fragment import Fragment
from harness_plugins.datasets.native_text.fragments import Window, fragments, repeated_blocks
from harness_plugins.datasets.native_text.reading import documents
from harness_plugins.datasets.natural.rows import Row
from harness_plugins.datasets.natural.selection import key_of


class Fragments:
    """Fragments of several sources. `sample`: only the so many whose keys are the smallest, a draw that does not depend on any
    order."""

    def __init__(
        self, sources: Sequence[TextSource], window: Window, *, language: str, sample: int | None = None, stage: str = "natural"
    ) -> None:
        self._sources, self._window, self._language, self._sample, self._stage = sources, window, language, sample, stage

    def rows(self, put_away: Callable[[SetAside], object] | None = None) -> Iterator[Row]:
        """A row a fragment, in the order of the text, or of a sample's keys. What is no fragment goes to `put_away`, with the
        reason; nothing does where only a sample is looked at."""
        if self._sample is not None:
            found = (row_of(each) for each in self._all() if isinstance(each, Fragment))
            yield from heapq.nsmallest(self._sample, found, key=lambda row: key_of(row.text, row.id))
            return
        for each in self._all():
            if isinstance(each, Fragment):
                yield row_of(each)
            elif put_away is not None:
                put_away(each)

    def _all(self) -> Iterator[Fragment | SetAside]:
        for source in self._sources:
            repeated = self._repeated(source)
            for document in documents(source):
                yield from fragments(document, self._window, language=self._language, stage=self._stage, repeated=repeated)

    @cache  # noqa: B019  # a builder lives as long as its build
    def _repeated(self, source: TextSource) -> Collection[str]:
        """What stands in several of a source's documents; of the hub's, which are read as a stream, that is not looked for."""
        return repeated_blocks(documents(source)) if source.hub is None else ()


def row_of(fragment: Fragment) -> Row:
    """The fragment as a row that has no candidates yet."""
    return Row(
        id=fragment.id,
        text=fragment.text,
        language=fragment.language,
        document=fragment.document,
        dataset=fragment.dataset,
        start=fragment.start,
        end=fragment.end,
        licence=fragment.licence,
        headings=fragment.headings,
        meta=dict(fragment.meta),
    )
