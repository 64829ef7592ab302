"""What judges are asked about: criteria by name, each with its question, the comparison it makes, and its anchors on a scale."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.config import shipped
from harness.errors import InputError, did_you_mean

_SCALE = re.compile(r"\s*([-−]?\d{1,18})\s*(?:-|–|\.\.|to|till)\s*([-−]?\d{1,18})\s*\Z")
_NAME = re.compile(r"[^\W_][\w-]*\Z")
_MOST_VALUES = 1001  # of a scale; 0-1000 has as many
_FIELDS = {"scale", "label", "question", "compare", "anchors"}


@dataclass(frozen=True)
class WholeScale:
    """The whole numbers from `low` to `high`; higher is better."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}-{self.high}"

    @property
    def values(self) -> range:
        """Every verdict that the scale allows."""
        return range(self.low, self.high + 1)


@dataclass(frozen=True)
class Criterion:
    """A criterion in every language that it is written in; `anchors` describe values evenly spread from low to high."""

    name: str
    scale: WholeScale
    label: Mapping[str, str]
    question: Mapping[str, str]
    compare: Mapping[str, str]
    anchors: Mapping[str, Sequence[str]]

    def anchored(self, scale: WholeScale, language: str) -> list[tuple[int, str]]:
        """Values of the scale with their descriptions: all that fall on whole numbers, always both ends."""
        texts = _in(self.anchors, language, ())
        if not texts:
            return []
        steps, span = len(texts) - 1, scale.high - scale.low
        spread = [(scale.low + span * place // steps, text) for place, text in enumerate(texts) if span * place % steps == 0]
        return spread if len(texts) <= len(scale.values) else [(scale.low, texts[0]), (scale.high, texts[-1])]

    def said(self, language: str) -> dict[str, str]:
        """Its name, label, question and comparison in that language, else in the first one that it is written in."""
        label = _in(self.label, language, self.name)
        question = _in(self.question, language, label)
        return {"name": self.name, "label": label, "question": question, "compare": _in(self.compare, language, question)}


def read_criteria(path: str | Path | None = None) -> dict[str, Criterion]:
    """The criteria that come ready (`configs/judge/criteria.yaml`), and over them those of the user's file, by name.

    Raises InputError where a file cannot be read or a criterion is not whole.
    """
    return _ready() if path is None else _ready() | _read(Path(path).expanduser())


def choose(criteria: Mapping[str, Criterion], names: Sequence[str]) -> tuple[Criterion, ...]:
    """The criteria of these names; ValueError for one that there is not."""
    for name in names:
        if name not in criteria:
            raise ValueError(f"there is no criterion {name!r}.{did_you_mean(name, criteria)} Own ones: criteria=FILE.yaml")
    return tuple(criteria[name] for name in names)


def read_scale(value: Any) -> WholeScale:
    """The scale that `1-5`, `0..100` or `[1, 5]` writes, of at most 1,001 values; ValueError for anything else."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(type(end) is int for end in value):
        low, high = value
    else:
        match = _SCALE.match(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f"scale is two whole numbers, such as 1-3 or 0-100, got {value!r}")
        low, high = (int(end.replace("−", "-")) for end in match.groups())
    if not low < high:
        raise ValueError(f"scale: low {low} must be less than high {high}")
    if high - low >= _MOST_VALUES:
        raise ValueError(f"scale: {low} to {high} are more than {_MOST_VALUES} values; take a scale of fewer, such as 0-100")
    return WholeScale(low, high)


@cache
def _ready() -> dict[str, Criterion]:
    return _read(shipped("configs") / "judge" / "criteria.yaml")


def _read(path: Path) -> dict[str, Criterion]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: these criteria cannot be read: {error}") from error
    if not isinstance(document, dict) or not document:
        raise InputError(f"{path}: expected criteria by name, each with a question; see configs/judge/criteria.yaml")
    return {str(name): _criterion(path, str(name), about) for name, about in document.items()}


def _criterion(path: Path, name: str, about: Any) -> Criterion:
    where = f"{path}: criterion {name!r}"
    if not _NAME.match(name):
        raise InputError(f"{where}: a name is letters, digits, - and _")
    if not isinstance(about, dict) or not (about.keys() >= {"question"} or about.keys() >= {"compare"}):
        raise InputError(f"{where}: it needs a question (for ratings) or compare (for comparisons), by language")
    unknown = set(map(str, about)) - _FIELDS
    if unknown:
        raise InputError(f"{where}: unknown key {min(unknown)!r}.{did_you_mean(min(unknown), _FIELDS)}")
    texts = {field: _texts(f"{where}: {field}", about.get(field) or {}) for field in ("label", "question", "compare")}
    anchors = about.get("anchors") or {}
    for language, listed in anchors.items() if isinstance(anchors, dict) else [("?", None)]:
        if not isinstance(listed, list) or len(listed) < 2 or not all(isinstance(text, str) for text in listed):
            raise InputError(f"{where}: anchors: {language}: expected at least two texts, the lowest first, got {listed!r:.80}")
    try:
        scale = read_scale(about.get("scale", "1-3"))
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    return Criterion(name, scale, **texts, anchors={str(language): tuple(listed) for language, listed in anchors.items()})


def _texts(where: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) and text.strip() for text in value.values()):
        raise InputError(f"{where}: expected a text by language, such as {{sv: …, en: …}}, got {value!r:.80}")
    return {str(language): text.strip() for language, text in value.items()}


def _in(texts: Mapping[str, Any], language: str, other: Any) -> Any:
    if language in texts:
        return texts[language]
    return texts.get("en", next(iter(texts.values()), other))
