"""The language that texts are declared to be in, held against the one that they look like."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.describe.texts import words
from harness.judgments import JudgmentSet

EXTRA = "languages"
_FEWEST = 6  # words: of less nobody can tell Danish from Swedish
_MARGIN = 5.0  # nats between what a text looks like and what it is declared to be
_NORWEGIAN = {"nb": "no", "nn": "no", "nob": "no", "nno": "no"}
_MOST = 20_000  # texts that are looked at
Rank = Callable[[str], Sequence[tuple[str, float]]]


def describe_languages(data: JudgmentSet) -> dict[str, Any]:
    """`checked` False with the reason, or per group: texts looked at, and how many look like another language.

    Texts of fewer than six words are not looked at. A text counts as another language where that is far likelier (5 nats).
    """
    rank = _ranker()
    if rank is None:
        return {"checked": False, "reason": f"pip install 'metaeval-harness[{EXTRA}]'"}
    language = {example.id: example.language for example in data.examples}
    groups: dict[str, Any] = {}
    looked = 0
    for group, text, declared in _texts(data, language):
        if looked >= _MOST:
            break
        if words(text) < _FEWEST:
            continue
        looked += 1
        found = groups.setdefault(group, {"texts": 0, "other": 0, "looks_like": Counter()})
        likely = _likely(rank(text), declared)
        found["texts"] += 1
        found["looks_like"][likely] += 1
        found["other"] += declared != "und" and likely != primary_language(declared)
    return {
        "checked": True,
        "texts": looked,
        "groups": {name: {**found, "looks_like": dict(found["looks_like"].most_common())} for name, found in groups.items()},
    }


def _texts(data: JudgmentSet, language: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(group, text, declared language) of references and outputs; groups of outputs are called `system NAME`."""
    for example in data.examples:
        for text in example.references:
            yield "references", text, example.language
    for output in data.outputs:
        if output.text is not None:
            yield f"system {output.system}", output.text, language[output.example_id]


def _ranker() -> Rank | None:
    try:
        import py3langid
    except ImportError:
        return None
    rank: Rank = py3langid.rank
    return rank


def _likely(ranked: Sequence[tuple[str, float]], declared: str) -> str:
    """The likeliest language, or the declared one where it is nearly as likely."""
    best, top = ranked[0]
    for name, score in ranked:
        if primary_language(name) == primary_language(declared) and top - score < _MARGIN:
            return primary_language(declared)
    return primary_language(best)


def primary_language(tag: str) -> str:
    """The primary subtag; Bokmål and Nynorsk are both Norwegian."""
    primary = tag.split("-")[0].lower()
    return _NORWEGIAN.get(primary, primary)
