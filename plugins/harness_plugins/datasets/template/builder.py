"""Builds instructions out of NLP data sets through templates: `template`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from harness import BuilderSpec, Example, hookimpl
from harness.build.rows import SetAside
from harness.errors import PluginError
from harness_plugins.datasets.template.data import DATA
from harness_plugins.datasets.template.examples import set_examples
from harness_plugins.datasets.template.files import checked_per_item, find_set, template_set
from harness_plugins.datasets.template.sets import TemplateSet
from harness_plugins.datasets.template.source import chosen_splits, paths_of

NAME = "template"
VERSION = "1"
Entry = str | Mapping[str, Any]


class TemplateBuilder:
    """Instructions out of the rows of NLP data sets, each row in one of its set's templates.

    `sets`: shipped sets by name, the user's own YAML files, or either with changes (`{swefaq: {use: [test]}}`); `use`: the splits
    to take, by default all that are not kept for evaluation; `per_item`: in how many different templates each row is put, or
    `all`; `kind`: "instruction", or "choice" for rows with answer options only; `language`: of the shipped sets that are named;
    `seed`: of the draw of templates.
    """

    def __init__(
        self,
        sets: Entry | Sequence[Entry],
        use: str | Sequence[str] | None = None,
        per_item: int | Literal["all"] = 1,
        kind: Literal["instruction", "choice"] = "instruction",
        language: str = "sv",
        seed: int = 0,
    ) -> None:
        if kind not in ("instruction", "choice"):
            raise PluginError(f"kind is instruction or choice, got {kind!r}")
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise PluginError(f"seed is a whole number, got {seed!r}")
        self._kind, self._seed = kind, seed
        self._per_item = checked_per_item(per_item)
        self._sets: list[TemplateSet] = []
        for name, overrides in _entries(sets):
            found = template_set(name, overrides, language)
            if found.name in [other.name for other in self._sets]:
                raise PluginError(f"the template set {found.name!r} is named twice; give one of them another name: {{set: …}}")
            chosen_splits(found, use)
            self._sets.append(found)
        self._use = use

    def examples(self) -> Iterator[Example | SetAside]:
        """Set by set and split by split, in the files' order."""
        for found in self._sets:
            yield from set_examples(
                found,
                chosen_splits(found, self._use),
                builder=NAME,
                kind=self._kind,
                per_item=found.per_item or self._per_item,
                seed=self._seed,
            )


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "instructions out of NLP data sets: labels, questions and texts put into Swedish templates"
    return [
        BuilderSpec(
            NAME, build=TemplateBuilder, version=VERSION, help=help, reads=_reads, languages=("sv",), argument="sets", data=DATA
        )
    ]


def _reads(sets: Any, use: Any = None, language: str = "sv", **others: Any) -> Iterable[str | Path]:
    """The sets' own files, and the files of rows that a build reads."""
    for name, overrides in _entries(sets):
        yield find_set(name, language)
        found = template_set(name, overrides, language)
        for split in chosen_splits(found, use):
            yield from paths_of(found, split)


def _entries(sets: Entry | Sequence[Entry]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each set's name with what the config says otherwise of it."""
    entries: list[tuple[str, Mapping[str, Any]]] = []
    for item in [sets] if isinstance(sets, str | Mapping) else sets:
        if isinstance(item, Mapping):
            if len(item) != 1:
                raise PluginError(f"a template set is one name with its changes, got the keys {', '.join(map(str, item))}")
            [(name, overrides)] = item.items()
            if not isinstance(overrides, Mapping):
                raise PluginError(f"template set {name!r}: expected keys and values, got {overrides!r:.60}")
            entries.append((name, overrides))
        else:
            entries.append((item, {}))
    if not entries:
        raise PluginError("which template sets? Write, for example, `sets: [swefaq, my_set.yaml]`")
    return entries
