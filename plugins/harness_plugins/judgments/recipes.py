"""Crowd ratings of recipes rewritten from their meaning: ten recipes in five versions, six statements, 88 raters.

Stein et al., From Sentence to Action: Splitting AMR Graphs for Recipe Instructions, DMR 2023, in the schema of JUDGE-BENCH.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.judge_bench_data import data_files
from harness_plugins.judgments.judge_bench_file import Instance, JudgeFile, read_judge_file
from harness_plugins.judgments.judge_bench_records import Judged, grades, records

NAME = "recipes"
VERSION = "1"
FILE = "data/recipe_crowd_sourcing_data/meta_evaluation_recipes.json"
DATA = data_files([FILE], licence="Apache-2.0 AND CC-BY-4.0")
CRITERIA = ("grammar", "fluency", "verbosity", "structure", "success", "overall")
HUMAN = "original"
GENERATED = ("coref", "dependency", "context", "no_context")
_VERSION = re.compile(rf"(?P<recipe>.+_\d+)_(?P<system>{'|'.join((HUMAN, *sorted(GENERATED, key=len, reverse=True)))})")
_CONTROL = re.compile(r"(?P<kind>coherence|grammaticality)_(?P<recipe>.+_\d+)_(?P=kind)")
NOTES = (
    "each rater read one version of each of the ten recipes, so the versions of a recipe were rated by different people",
    "the file names no raters: within a list of ten texts the k-th score is one person's (the columns' means differ by far more "
    "than chance, p < .01 by permutation on each list), and the controls' 88 scores are the five lists' raters in their order",
    "high is good on every statement, verbosity included: the statement is that the recipe is concise",
    "with ten recipes, intervals over recipes are wide and approximate",
)


class Recipes:
    """Recipes in five versions: one as people wrote it (`original`), four generated from its meaning graphs.

    `reference`: "original" makes the version that people wrote the reference of the others, and it is then no system to compare;
    default none. `controls`: also read the two texts with planted flaws that all 88 raters read.
    """

    def __init__(self, reference: str | None = None, controls: bool = False) -> None:
        if reference not in (None, HUMAN):
            raise ValueError(f"reference is {HUMAN} or nothing, got {reference!r}")
        self._reference, self._controls = reference, controls
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=CRITERIA,
            reference_systems=() if reference is None else (HUMAN,),
            system_sets={"generated": GENERATED, "human": (HUMAN,)},
            licence=DATA.licence,
            citation="Stein et al. 2023, From Sentence to Action: Splitting AMR Graphs for Recipe Instructions, DMR",
            notes=NOTES if controls else (*NOTES, "two control texts with planted flaws are left out (controls=true reads them)"),
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each recipe, then its versions with their ratings, in the file's order."""
        file = read_judge_file(find_data(DATA, NAME) / FILE)
        names = _names(file)
        raters = _raters(file, names)
        originals = {recipe: file.instances[index].text or "" for index, (recipe, system) in names.items() if system == HUMAN}
        judged = []
        for instance in file.instances:
            recipe, system = names[instance.index]
            if system.startswith("control") and not self._controls:
                continue
            references = (originals[recipe],) if self._reference and recipe in originals else ()
            judged.append(
                Judged(instance=instance, item=recipe, system=system, outputs=(instance.text or "",), references=references)
            )
        origin = Origin(builder=NAME, dataset="https://github.com/interactive-cookbook/recipe-generation", licence=DATA.licence)
        yield from records(
            file,
            judged,
            grades(file, None),
            prefix=NAME,
            origin=origin,
            language="en",
            task="recipes",
            raters=lambda instance, count: _counted(file, instance, raters[instance.index], count),
        )


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "crowd ratings of ten English recipes in five versions, six statements, 88 raters"
    return [JudgmentSourceSpec(NAME, build=Recipes, version=VERSION, help=help, data=DATA)]


def _names(file: JudgeFile) -> dict[int, tuple[str, str]]:
    """Instance → (recipe, system), from the instance's id."""
    found = {}
    for instance in file.instances:
        version, control = _VERSION.fullmatch(instance.id), _CONTROL.fullmatch(instance.id)
        if version is not None:
            found[instance.index] = (version["recipe"], version["system"])
        elif control is not None:
            found[instance.index] = (f"control_{control['recipe']}", f"control-{control['kind']}")
        else:
            raise InputError(f"{file.place(instance)}: its id is no recipe and version; run `harness data get {NAME}`")
    return found


def _raters(file: JudgeFile, names: Mapping[int, tuple[str, str]]) -> dict[int, range]:
    """Instance → the numbers of its raters. A list ends where a recipe comes again; the controls were read by everyone."""
    found: dict[int, range] = {}
    seen: set[str] = set()
    start = end = 0
    controls = []
    for instance in file.instances:
        recipe, system = names[instance.index]
        if system.startswith("control"):
            controls.append(instance.index)
            continue
        if recipe in seen:
            seen, start = set(), end
        seen.add(recipe)
        count = max((len(answers.scores) for answers in instance.answers.values()), default=0)
        end = start + count
        found[instance.index] = range(start, end)
    return found | {index: range(end) for index in controls}


def _counted(file: JudgeFile, instance: Instance, raters: range, count: int) -> Sequence[str]:
    if count != len(raters):
        raise InputError(f"{file.place(instance)}: {count} scores by {len(raters)} raters; run `harness data get {NAME}`")
    return [f"rater-{number + 1:02d}" for number in raters]  # they sort as numbers
