"""Documents with planted neighbours: `planted-neighbours`, a corpus on which what retrieval finds, and may give, is known."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import BuilderSpec, Example, hookimpl
from harness.errors import PluginError
from harness.records import Message, Origin, TextPart
from harness_plugins.datasets.planted.words import RELATIONS

if TYPE_CHECKING:
    import numpy as np

    from harness_plugins.datasets.planted.portraits import Portrait

NAME = "planted-neighbours"
VERSION = "1"
RELATIVES = ("near-duplicate", "paraphrase", "shuffled", "none")


class PlantedNeighboursBuilder:
    """Families of portraits of invented people in Swedish: a `base`, and one relative of it.

    `families`: how many; the relative of each is drawn from `relatives` (name → weight): a `near-duplicate`, of whose facts the
    share `changed` has other values; a `paraphrase`, the same facts in other words; `shuffled`, a paraphrase in another order;
    `none`, for families of one. `facts`: sentences of a portrait, 1 to 12. The share `held_out` of the families has its
    relative (its base, where it has none) in the split `validation`; everything else is in `train`. `questions`: whether
    families of the split train have a document of questions and short answers as well, and those of validation have theirs in
    their base's meta. `seed`: of all draws.
    """

    def __init__(
        self,
        families: int = 1000,
        facts: int = 8,
        relatives: Mapping[str, float] | None = None,
        changed: float = 0.25,
        held_out: float = 0.05,
        questions: bool = False,
        seed: int = 0,
    ) -> None:
        self._families, self._facts = _whole(families, "families", 1), _whole(facts, "facts", 1)
        if self._facts > len(RELATIONS):
            raise PluginError(f"facts is at most {len(RELATIONS)}, got {facts!r}")
        weights = {"near-duplicate": 0.5, "paraphrase": 0.5} if relatives is None else dict(relatives)
        for name, weight in weights.items():
            if name not in RELATIVES or isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
                raise PluginError(f"relatives gives weights to {', '.join(RELATIVES)}, got {name!r}: {weight!r}")
        if not sum(weights.values()) > 0:
            raise PluginError("relatives: at least one weight is above 0")
        self._relatives = {name: weight / sum(weights.values()) for name, weight in weights.items()}
        self._changed, self._held_out = _share(changed, "changed"), _share(held_out, "held_out")
        if not isinstance(questions, bool):
            raise PluginError(f"questions is true or false, got {questions!r}")
        self._questions, self._seed = questions, _whole(seed, "seed", 0)

    def examples(self) -> Iterator[Example]:
        """Family by family: the base, its relative, its questions."""
        for example, _ in self.with_paraphrases():
            yield example

    def with_paraphrases(self) -> Iterator[tuple[Example, str]]:
        """The same examples, each with a paraphrase of its own, which is not one of them; of questions it is a portrait."""
        import numpy as np

        last = self._families - round(self._held_out * self._families)
        for number in range(self._families):
            yield from self._family(number, np.random.default_rng([self._seed, number]), held=number >= last)

    def _family(self, number: int, generator: "np.random.Generator", *, held: bool) -> Iterator[tuple[Example, str]]:
        from harness_plugins.datasets.planted.portraits import drawn, paraphrase, questions_text, word_overlap

        family = f"{NAME}/{number:06d}"
        base = drawn(generator, self._facts)
        relation = str(generator.choice(list(self._relatives), p=list(self._relatives.values())))
        asked = base.questions()
        order = generator.permutation(len(asked)).tolist()
        asked = [asked[place] for place in order]
        meta: dict[str, Any] = {"questions": asked} if self._questions and held else {}
        split = "validation" if held and relation == "none" else "train"
        yield _example(family, "base", base.text, split, meta), paraphrase(base, generator).text
        if relation != "none":
            relative = self._relative(base, relation, generator)
            text = relative.text
            meta = {"of": f"{family}/base", "word_overlap": word_overlap(text, base.text)}
            split = "validation" if held else "train"
            yield _example(family, relation, text, split, meta), paraphrase(relative, generator).text
        if self._questions and not held:
            said = paraphrase(base, generator).text  # the same facts
            yield _example(family, "questions", questions_text(asked), "train", {"of": f"{family}/base"}), said

    def _relative(self, base: "Portrait", relation: str, generator: "np.random.Generator") -> "Portrait":
        from harness_plugins.datasets.planted.portraits import near_duplicate, paraphrase

        if relation == "near-duplicate":
            return near_duplicate(base, generator, self._changed)
        return paraphrase(base, generator, shuffled=relation == "shuffled")


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "invented portraits with planted near-duplicates and paraphrases: a corpus for retrieval of which all is known"
    return [BuilderSpec(NAME, build=PlantedNeighboursBuilder, version=VERSION, help=help, reads=_reads, languages=("sv",))]


def _reads(**params: Any) -> Iterable[str | Path]:
    return ()


def _example(family: str, relation: str, text: str, split: str, meta: Mapping[str, Any]) -> Example:
    return Example(
        id=f"{family}/{relation}",
        kind="document",
        language="sv",
        messages=(Message(role="document", parts=(TextPart(text=text),)),),
        cluster_id=family,
        split=split,
        origin=Origin(builder=NAME, dataset=NAME, licence="Apache-2.0"),
        meta={"family": family, "relation": relation, **meta},
    )


def _whole(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise PluginError(f"{name} is a whole number from {least} up, got {value!r}")
    return value


def _share(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise PluginError(f"{name} is a share from 0 to 1, got {value!r}")
    return float(value)
