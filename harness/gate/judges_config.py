"""Which judges a gate holds to their recorded replies, and the answers that they were asked about."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.config_parts import BARE, check_keys, plugin_ref
from harness.registry import PluginRef
from harness.yaml_lines import Document, read_yaml

_KEYS = ("answers", "judgments", "judges")
_JUDGE_KEYS = ("metric", "name", "replies", "examples", "drift")
_DRIFT_KEYS = ("allowed", "too_much", "range")


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What a live run tells apart: a mean difference between scores now and then of at most `allowed`, and one of at least
    `too_much`, both as shares of `range` (None: the recorded scores' own), which is what a difference of 1 is."""

    allowed: float = 0.05
    too_much: float = 0.2
    range: float | None = None


class GatedJudge(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that asks language models, the file of their replies, and the examples it was asked about (None: all).

    `name`: a short one in place of the metric's parameters, which may be many.
    """

    ref: PluginRef
    replies: Path
    name: str | None = None
    examples: frozenset[str] | None = None
    drift: Drift = Drift()

    @property
    def label(self) -> str:
        """The metric as the config has it, or with its short one: `NAME (strict)`."""
        if self.name is not None:
            return f"{self.ref.name} ({self.name})"
        bare = self.ref.params.get(BARE)
        others = PluginRef(self.ref.name, {key: value for key, value in self.ref.params.items() if key != BARE})
        return str(others) if bare is None else str(others).replace(self.ref.name, f"{self.ref.name}:{bare}", 1)


class JudgesConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The judges, and what they were asked about: a file of answers, or a judgment source."""

    file: Path
    judges: tuple[GatedJudge, ...]
    answers: Path | None = None
    source: PluginRef | None = None


def load_judges(path: Path) -> JudgesConfig:
    """The judges that the file lists; ConfigError naming file, line and key. A file of replies need not be there yet."""
    document = read_yaml(path)
    check_keys(document, document.value, _KEYS)
    answers, source = document.value.get("answers"), document.value.get("judgments")
    if (answers is None) == (source is None):
        raise document.error("name what the judges were asked about: answers (a file), or judgments (a source)")
    if answers is not None and not isinstance(answers, str):
        raise document.error(f"expected a file's path, got {answers!r:.80}", "answers")
    listed = document.value.get("judges")
    if not isinstance(listed, list) or not listed:
        raise document.error("expected a list of judges: `judges: [{metric: NAME:MODEL, replies: FILE.jsonl}]`", "judges")
    judges = tuple(_judge(document, number, item) for number, item in enumerate(listed))
    labels = [judge.label for judge in judges]
    files = [judge.replies for judge in judges]
    for number, judge in enumerate(judges):
        if judge.label in labels[:number]:
            raise document.error(f"the judge {judge.label!r} is here twice", "judges", number)
        if judge.replies in files[:number]:
            raise document.error(f"{judge.replies.name} holds another judge's replies; give each a file", "judges", number)
    return JudgesConfig(
        file=path,
        judges=judges,
        answers=None if answers is None else path.parent / Path(answers).expanduser(),
        source=None if source is None else _plugin(document, source, ("judgments",)),
    )


def _judge(document: Document, number: int, item: Any) -> GatedJudge:
    keys = ("judges", number)
    if not isinstance(item, Mapping):
        raise document.error("expected `{metric: NAME:MODEL, replies: FILE.jsonl}`", *keys)
    check_keys(document, item, _JUDGE_KEYS, *keys)  # type: ignore[arg-type]  # a list is above, too
    replies, examples, name = item.get("replies"), item.get("examples"), item.get("name")
    if name is not None and not (isinstance(name, str) and name.strip() and name.isprintable()):
        raise document.error(f"name is a short text, got {name!r:.80}", *keys, "name")
    if not isinstance(replies, str) or not replies.strip():
        raise document.error("name the file of its recorded replies: `replies: FILE.jsonl`", *keys)
    if examples is not None and not (isinstance(examples, list) and all(isinstance(one, str) for one in examples)):
        raise document.error("examples is a list of ids", *keys)
    return GatedJudge(
        ref=_plugin(document, item.get("metric"), (*keys, "metric")),
        replies=document.path.parent / Path(replies).expanduser(),
        name=name,
        examples=None if examples is None else frozenset(examples),
        drift=_drift(document, item.get("drift"), (*keys, "drift")),
    )


def _drift(document: Document, value: Any, keys: tuple[str | int, ...]) -> Drift:
    if value is None:
        return Drift()
    if not isinstance(value, Mapping):
        raise document.error("expected `{allowed: 0.05, too_much: 0.2}`", *keys)
    check_keys(document, value, _DRIFT_KEYS, *keys)  # type: ignore[arg-type]
    for key, number in value.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
            raise document.error(f"expected a number above 0, got {number!r:.80}", *keys, key)
    options = Drift(**{key: float(number) for key, number in value.items()})
    if not 0 < options.allowed < options.too_much < 1:
        raise document.error(
            f"allowed ({options.allowed:g}) must be less than too_much ({options.too_much:g}), and that below 1", *keys
        )
    return options


def _plugin(document: Document, value: Any, keys: tuple[str | int, ...]) -> PluginRef:
    name, params = value, None
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise document.error("expected one name with its parameters: `{NAME: {model: …}}`", *keys)
        [(name, params)] = value.items()
    if params is not None and not isinstance(params, Mapping):
        raise document.error(f"expected parameters, got {params!r:.80}", *keys)
    return plugin_ref(document, name, params or {}, keys)
