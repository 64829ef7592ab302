"""From a row to what the builder yields: an example, or the row set aside with its reason and all its parts."""

from collections.abc import Mapping
from typing import Any

from harness.build.rows import SetAside, instruction_example
from harness.records import Example, Origin
from harness_plugins.datasets.natural.rows import Candidate, Row
from harness_plugins.datasets.natural.scores import PARTS
from harness_plugins.datasets.natural.selection import Standing

_DIGITS = 6


def example_of(row: Row, standing: Standing, about: Mapping[str, Any]) -> Example:
    """The instruction, and the text as it is in the corpus; every part of the score, None where missing, in `meta["scores"]`."""
    chosen = row.chosen
    assert chosen is not None
    assert chosen.text is not None
    return instruction_example(
        row.id,
        chosen.text,
        row.text,
        language=row.language,
        task="natural",
        form="long",
        cluster_id=row.document,
        origin=Origin(builder="natural", dataset=row.dataset or None, licence=row.licence),
        meta=_meta(row, chosen, standing, about),
    )


def rejected(row: Row, standing: Standing, about: Mapping[str, Any], stage: str) -> SetAside:
    """A row that has an instruction and is not among the best."""
    example = example_of(row, standing, about)
    scores = example.meta["scores"]
    shown = ", ".join(f"{part} {_shown(scores[part])}" for part in PARTS)
    detail = f"total {standing.total:.3f} ({shown})"
    return SetAside(id=row.id, stage=stage, reason="not-selected", detail=detail, example=example, source=row.text)


def unwritten(row: Row, stage: str) -> SetAside:
    """A fragment of which no candidate can be used: the first one's reason, and what each of them said."""
    found = row.candidates or [Candidate(reason="no-reply")]
    detail = "; ".join(f"{one.reason}: {one.detail}" if one.detail else str(one.reason) for one in found)
    return SetAside(id=row.id, stage=stage, reason=found[0].reason or "no-reply", detail=detail[:2000], source=row.text)


def _meta(row: Row, chosen: Candidate, standing: Standing, about: Mapping[str, Any]) -> dict[str, Any]:
    scores = {**chosen.values, "diversity": standing.diversity, "total": standing.total}
    meta: dict[str, Any] = {
        "scores": {name: None if value is None else round(value, _DIGITS) for name, value in sorted(scores.items())},
        "missing": sorted(name for name, value in scores.items() if value is None),
        "span": {"document": row.document, "start": row.start, "end": row.end},
        "headings": list(row.headings),
        "reply": chosen.reply,
        **about,
    }
    if standing.rank is not None:
        meta["rank"] = standing.rank
    if chosen.written is not None:
        meta["written"] = chosen.written
    if row.seen is not None:
        meta["seen"] = row.seen
    if len(row.candidates) > 1:
        meta["candidates"] = [
            {"text": one.text, "score": None if one.score is None else round(one.score, _DIGITS), "reason": one.reason}
            for one in row.candidates
        ]
    return meta | ({"document": row.meta} if row.meta else {})


def _shown(value: float | None) -> str:
    return "missing" if value is None else f"{value:.2f}"
