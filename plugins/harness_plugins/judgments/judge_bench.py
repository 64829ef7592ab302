"""Any file of JUDGE-BENCH's schema as a judgment set: ratings, labels as numbers where told how, and preferences.

Bavaresco et al. 2025 (ACL; arXiv 2406.18403) put the human judgments of some twenty data sets into that one schema; it names
neither systems nor raters, so what it does not say is a parameter here, and what is assumed is a note.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.errors import InputError, did_you_mean
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.bounded_match import match_all
from harness_plugins.judgments.judge_bench_file import Instance, JudgeFile, deviating_means, read_judge_file
from harness_plugins.judgments.judge_bench_records import Judged, grades, records
from harness_plugins.judgments.preference_words import is_winner

NAME = "judge-bench"
VERSION = "1"
# How whole instances of single data sets are composed of their parts.
LAYOUTS = {
    "newsroom": r"### Generated Summary\n\n(?P<output>.*?)\n\n### Source Article\n\n(?P<source>.*)",
    "roscoe": r".*?CONTEXT:\n(?P<instruction>.*)\n\nGENERATED RESPONSE:\n(?P<output>.*)\nJudge the generated response:\n",
}
# Where a role is not named: the texts of an instance that are usually called so.
USUAL = {
    "output": ("output", "response", "summary", "hypothesis", "answer", "translation"),
    "source": ("source", "article", "document"),
    "instruction": ("instruction", "input", "prompt", "query", "question", "user_prompt", "context"),
    "reference": ("reference",),
    "item": ("item",),
    "system": ("system", "model"),
}
PAIR = ("output_a", "output_b")


class JudgeBench:
    """What people said in one file, an item for each instance unless `group` or `item` puts instances together.

    `layout` takes a whole text apart: "newsroom", "roscoe", or a regular expression with the named groups `output` and, as far
    as there are, `source`, `instruction`, `reference`, `item`, `system`; `ids` is one for the instance's id; one that takes more
    than half a minute is refused. Where an instance has several texts, those parameters name them (or they are found by the
    usual names). `group` (source or instruction): instances with the same one are one item, and where no system is named the
    k-th of them is `system-k`. `system` may also be the one system's name. `labels`: the labels of categorical criteria from
    worst to best (or a mapping by criterion), which makes them numbers; else they stay labels, which no metric can be held
    against. Instances with `output_a` and `output_b` are preferences. `language` is a BCP-47 tag.
    Raters are columns without names in the schema: the k-th score of a criterion is rater-k's.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        layout: str | None = None,
        ids: str | None = None,
        output: str | None = None,
        source: str | None = None,
        instruction: str | None = None,
        reference: str | None = None,
        item: str | None = None,
        system: str | None = None,
        group: str | None = None,
        labels: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
        language: str = "und",
        task: str | None = None,
    ) -> None:
        given = {
            "output": output, "source": source, "instruction": instruction,
            "reference": reference, "item": item, "system": system,
        }  # fmt: skip
        if group not in (None, "source", "instruction"):
            raise ValueError(f"group is source or instruction, got {group!r}")
        self._file = read_judge_file(path)
        parts = _partition(self._file, layout, ids)
        named = {role: name for role, name in given.items() if name is not None}
        judged = [_judged(self._file, one, part, named) for one, part in zip(self._file.instances, parts, strict=True)]
        self._judged = _grouped(judged, group)
        self._grades = grades(self._file, labels)
        self._origin = Origin(builder=NAME, dataset=self._file.dataset)
        self._language, self._task = language, task
        self.info = JudgmentInfo(
            name=f"{NAME}:{self._file.path.name}",
            version=VERSION,
            criteria=tuple(self._file.criteria),
            citation=self._file.dataset,
            notes=tuple(self._notes()),
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each item, then its outputs, each followed by its ratings, and its preferences; items in the file's order."""
        yield from records(
            self._file,
            self._judged,
            self._grades,
            prefix=self._file.path.stem,
            origin=self._origin,
            language=self._language,
            task=self._task,
        )

    def _notes(self) -> Iterator[str]:
        if self._language == "und":
            yield 'the items\' language is marked "und" (unknown); name it with language=en'
        yield RATERS
        labelled = [name for name, grade in self._grades.items() if grade.scale is None and not self._preferred(name)]
        if labelled:
            yield (
                f"labels stay labels, which no metric can be held against, on: {', '.join(labelled)}; "
                f"say their order with labels=[WORST, …, BEST]"
            )
        yield from mean_notes(self._file)
        yield from _aggregate_notes(self._file)

    def _preferred(self, criterion: str) -> bool:
        labels = self._file.criteria[criterion].labels
        return any(judged.pair for judged in self._judged) and all(map(is_winner, labels))


RATERS = "raters are columns without names: rater-k is the k-th score, which need not be the same person on every item"


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "any file of JUDGE-BENCH's schema: judge-bench:FILE.json, 'judge-bench:newsroom.json,layout=newsroom,group=source'"
    return [JudgmentSourceSpec(NAME, build=JudgeBench, version=VERSION, help=help, argument="path", reads=named_files)]


def mean_notes(file: JudgeFile) -> Iterator[str]:
    """What to know of the file's own means, where they are not those of the individual scores."""
    found = deviating_means(file)
    if found:
        cells = sum(answers.mean is not None for instance in file.instances for answers in instance.answers.values())
        most = max(abs(deviation.mean - deviation.in_file) for deviation in found)
        yield (
            f"{len(found)} of {cells} means in the file differ from those of its individual scores, by at most {most:.2g}; "
            "the individual scores are read"
        )


def _aggregate_notes(file: JudgeFile) -> Iterator[str]:
    """What stands in where nobody's own score is in the file."""
    cells = [answers for instance in file.instances for answers in instance.answers.values()]
    alone = [answers for answers in cells if not answers.scores]
    means = sum(answers.mean is not None for answers in alone)
    majorities = sum(answers.mean is None and answers.majority is not None for answers in alone)
    for count, name in ((means, "mean"), (majorities, "majority")):
        if count:
            yield (
                f"{count} of {len(cells)} answers have no individual scores; the file's {name} stands in for them as a rater "
                f"called {name!r}, who is nobody"
            )


def _partition(file: JudgeFile, layout: str | None, ids: str | None) -> list[dict[str, str]]:
    """The parts of each instance's text and id, by the names of the patterns' groups."""
    patterns = _pattern("layout", layout and LAYOUTS.get(layout, layout)), _pattern("ids", ids)
    parts: list[dict[str, str]] = [{} for _ in file.instances]
    for key, pattern, what in zip(("layout", "ids"), patterns, ("instance", "id"), strict=True):
        if pattern is None:
            continue
        texts = [instance.text if what == "instance" else instance.id for instance in file.instances]
        try:
            found = iter(match_all(pattern, [text for text in texts if text is not None]))
        except TimeoutError as error:
            raise InputError(
                f"{file.path}: {error} ({key}); write it without a repetition inside a repetition, such as (a+)+"
            ) from error
        for instance, text, own in zip(file.instances, texts, parts, strict=True):
            groups = None if text is None else next(found)
            if groups is None:
                raise InputError(f"{file.place(instance)}: its {what} does not match the pattern {pattern.pattern!r}")
            own |= {name: value for name, value in groups.items() if value is not None}
    return parts


def _pattern(key: str, text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text, re.DOTALL)
    except re.error as error:
        raise ValueError(f"{key} is {' or '.join(LAYOUTS)} or a regular expression, got {text!r} ({error})") from error
    unknown = sorted(set(pattern.groupindex) - set(USUAL))
    if unknown or not pattern.groupindex:
        hint = did_you_mean(unknown[0], USUAL) if unknown else f" Known: {', '.join(USUAL)}; layouts: {', '.join(LAYOUTS)}."
        what = f"{unknown[0]!r} is unknown" if unknown else "it has none"
        raise ValueError(f"{key}={text}: the named groups (?P<NAME>…) of a pattern say what is what, and {what}.{hint}")
    return pattern


def _judged(file: JudgeFile, instance: Instance, parts: Mapping[str, str], named: Mapping[str, str]) -> Judged:
    """What the instance is about, put together from the parts of its text and id, from its named texts, and what is usual."""
    texts = {**instance.texts, **parts}
    found: dict[str, str] = {}
    for role, usual in USUAL.items():
        name = named.get(role)
        if name is not None and name not in texts and role == "system":
            found[role] = name
        elif name is not None and name not in texts:
            raise InputError(f"{file.place(instance)} has no text {name!r} ({role}={name}).{did_you_mean(name, texts)}")
        else:
            keys = [key for key in ((role, *usual) if name is None else (name,)) if key in texts]
            found |= {role: texts[keys[0]]} if keys else {}
    pair = tuple(texts[key] for key in PAIR if key in texts)
    if "output" not in found and len(pair) != len(PAIR):
        if instance.text is None:
            names = ", ".join(texts) or "none"
            raise InputError(
                f"{file.place(instance)}: which of its texts was judged? Name it with output=NAME. There are: {names}"
            )
        found["output"] = instance.text
    return Judged(
        instance=instance,
        item=found.get("item", instance.id),
        system=found.get("system"),
        outputs=(found["output"],) if "output" in found else pair,
        instruction=found.get("instruction"),
        source=found.get("source"),
        references=(found["reference"],) if "reference" in found else (),
    )


def _grouped(judged: list[Judged], group: str | None) -> list[Judged]:
    """The instances with their items by the group, and systems numbered within each where none is named."""
    if group is not None:
        same: Callable[[Judged], str | None] = lambda one: getattr(one, group)  # noqa: E731  # a name for what is the same
        first: dict[str | None, str] = {}
        judged = [one.replaced(item=first.setdefault(same(one), one.item)) for one in judged]
    if group is None or any(one.system is not None for one in judged):
        return judged
    place: Counter[str] = Counter()
    numbered = []
    for one in judged:
        place[one.item] += 1
        numbered.append(one.replaced(system=f"system-{place[one.item]}"))
    return numbered
