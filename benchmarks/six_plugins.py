"""Six plugins, one of each kind, as `harness plugins new` writes them: built as wheels, installed beside the harness' own wheel
in a fresh environment that has nothing else, and used together in one experiment.

python benchmarks/six_plugins.py [--folder DIR] [--python PYTHON] [--no-tests] [--json]

It needs pip with an index (or a cache that has the light dependencies) and the packages build and hatchling. It ends with code 1
at the first thing that does not work. Nothing of this checkout is importable in the fresh environment: neither PYTHONPATH nor
the packages of the environment that runs this script are seen there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    "metric": "word-share",
    "builder": "faq-table",
    "trainer": "bigrams",
    "generator": "first-words",
    "judgments": "star-ratings",
    "command": "answer-lengths",
}
EXPERIMENT = """
name: six
build:
  language: sv
  builders:
    - faq-table: {path: questions.tsv, licence: CC0-1.0}
  languages: false
  contamination: {against: [contrast-sv]}
  splits: {train: 0.5, validation: 0.0, test: 0.5}
train:
  - name: counted
    trainer: {bigrams: {lowest: 2}}
generate:
  split: test
  systems:
    - name: four
      generator: {first-words: {words: 4}}
    - name: all
      generator: first-words
score:
  metrics: [word-share, chrf]
compare: {baseline: four, resamples: 200, draws: 200}
metaevaluate:
  judgments: [{star-ratings: {path: ratings.csv}}]
  resamples: 100
"""
ANIMALS = ["katten", "hunden", "kon", "geten", "fåret", "hästen", "björnen", "älgen", "räven", "haren", "ekorren", "igelkotten"]
PLACES = ["skogen", "staden", "trädgården", "stallet"]


def main() -> None:
    """Does it all, tells each step as it is done, and ends with 1 where something does not work."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, help="where it is done, kept afterwards (default: a temporary one)")
    options.add_argument("--python", default=sys.executable, help="the Python of the fresh environment")
    options.add_argument("--no-tests", action="store_true", help="leave the plugins' own tests out")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (chosen.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        steps = []
        for step in whole_way(folder, chosen.python, tests=not chosen.no_tests):
            steps.append(step)
            if not chosen.json:
                print(f"{step['seconds']:6.1f} s  {step['what']}", *step.get("shown", ()), sep="\n            ", flush=True)
    if chosen.json:
        print(json.dumps(steps, ensure_ascii=False, indent=1))


def whole_way(folder: Path, python: str, *, tests: bool) -> Iterator[dict[str, Any]]:
    """From nothing to a report; a step at a time, with what it showed."""
    wheels, environment = folder / "wheels", folder / "environment"
    pip = [environment / "bin" / "pip", "--disable-pip-version-check"]
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels]
    with Step("the wheel of the harness") as step:
        _run([*build, ROOT], folder)
    yield step.told
    with Step("a fresh environment with this wheel and what it depends on") as step:
        _run([python, "-m", "venv", "--clear", environment], folder)
        _run([*pip, "install", "-q", *wheels.glob("*.whl")], folder)
        there = [one["name"] for one in json.loads(_run([*pip, "list", "--format=json"], folder))]
        heavy = {"torch", "transformers", "pandas", "datasets"} & set(there)
        if heavy:
            raise SystemExit(f"the light installation brought {', '.join(sorted(heavy))}")
    yield step.told | {"shown": [f"{len(there)} packages: {', '.join(sorted(there))}"]}
    with Step("six distributions by its `harness plugins new`") as step:
        sources = make([environment / "bin" / "harness"], folder)
    yield step.told | {"shown": [path.name for path in sources]}
    with Step("six wheels by `python -m build`, installed there") as step:
        for source in sources:
            _run([*build, source], folder)
        built = [wheel for wheel in sorted(wheels.glob("*.whl")) if not wheel.name.startswith("metaeval_harness")]
        _run([*pip, "install", "-q", *built], folder)
    yield step.told | {"shown": [path.name for path in built]}
    yield from use([environment / "bin" / "harness"], folder / "work")
    if tests:
        with Step("the plugins' own tests, against what is installed") as step:
            _run([*pip, "install", "-q", "pytest>=8"], folder)
            pytest = [environment / "bin" / "python", "-m", "pytest", "-q", "--import-mode=importlib", f"--rootdir={folder}"]
            said = _run([*pytest, *(source / "tests" for source in sources)], folder / "work")
        yield step.told | {"shown": said.strip().splitlines()[-1:]}


def make(harness: Sequence[str | Path], folder: Path) -> list[Path]:
    """The six distributions' sources."""
    for kind, name in NAMES.items():
        _run([*harness, "plugins", "new", kind, name], folder)
    return [folder / f"metaeval-{name}" for name in NAMES.values()]


def use(harness: Sequence[str | Path], work: Path, **variables: str) -> Iterator[dict[str, Any]]:
    """Lists, checks and runs the six, with a `harness` in whose environment they are installed."""
    work.mkdir(parents=True)
    (work / "questions.tsv").write_text(_questions(), encoding="utf-8")
    (work / "ratings.csv").write_text(_ratings(), encoding="utf-8")
    (work / "six.yaml").write_text(EXPERIMENT, encoding="utf-8")
    variables = {"HARNESS_CACHE": str(work / "cache"), "COLUMNS": "150"} | variables

    def ask(*words: str) -> str:
        return _run([*harness, *words], work, **variables)

    with Step("`harness plugins list` names each with its distribution") as step:
        listed = json.loads(ask("plugins", "list", "--json"))
        offered = {(row["name"], row["distribution"]) for row in listed["plugins"]}
        missing = [name for name in NAMES.values() if (name, f"metaeval-{name}") not in offered]
        if missing or listed["problems"]:
            raise SystemExit(f"not listed: {missing}; problems: {listed['problems']}")
    yield step.told
    given = {"builder": "faq-table:questions.tsv", "judgments": "star-ratings:ratings.csv"}
    with Step("`harness plugins check` finds nothing to mend") as step:
        said = ask("plugins", "check", *(given.get(kind, name) for kind, name in NAMES.items()))
    yield step.told | {"shown": said.strip().splitlines()[1:]}
    with Step("`harness run six.yaml`: build, train, generate, score, compare, metaevaluate, report") as step:
        said = ask("run", "six.yaml")
    yield step.told | {"shown": said.strip().splitlines()[:7]}
    run = work / "runs" / "six"
    facts = json.loads((run / "checkpoints" / "counted.json").read_bytes())["facts"]
    if not facts["texts"] or not (run / "report.html").is_file():
        raise SystemExit(f"the experiment left no checkpoint or no report in {run}")
    with Step("`harness run six.yaml` again: nothing is left to do") as step:
        ask("run", "six.yaml")
    yield step.told
    with Step("`harness metaeval` holds the metric against the ratings") as step:
        said = ask("metaeval", "--judgments", "star-ratings:ratings.csv", "--metric", "word-share", "--resamples", "100")
        if "word-share" not in said:
            raise SystemExit(said)
    yield step.told | {"shown": [line for line in said.splitlines() if "word-share" in line][:1]}
    with Step("`harness answer-lengths runs/six`") as step:
        said = ask("answer-lengths", "runs/six")
    yield step.told | {"shown": said.strip().splitlines()}


class Step:
    """How long something took, and in which words it is told."""

    def __init__(self, what: str) -> None:
        self.told: dict[str, Any] = {"what": what}

    def __enter__(self) -> "Step":
        self.since = time.perf_counter()
        return self

    def __exit__(self, *failure: object) -> None:
        self.told["seconds"] = round(time.perf_counter() - self.since, 1)


def _run(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    """What the command prints; ends this program with what it said where it fails. Nothing of this environment is seen."""
    kept: Mapping[str, str] = {
        key: value for key, value in os.environ.items() if not key.startswith(("HARNESS_", "PYTHON", "VIRTUAL_ENV"))
    }
    done = subprocess.run(list(map(str, command)), cwd=folder, env={**kept, **variables}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _questions() -> str:
    """48 questions with their answers, and one without."""
    rows = [
        f"Var bor {animal} som jag såg vid {place} i går kväll?\t{animal.capitalize()} bor i {PLACES[(n + m) % 4]}."
        for n, animal in enumerate(ANIMALS)
        for m, place in enumerate(PLACES)
    ]
    return "\n".join(["question\tanswer", *rows, "Varför?\t"]) + "\n"


def _ratings() -> str:
    """Twenty items, two systems and two raters, who mostly agree."""
    rows = ["item,question,reference,system,answer,rater,rating"]
    for item in range(20):
        animal, place = ANIMALS[item % 12], PLACES[item % 4]
        reference = f"{animal.capitalize()} bor i {place}."
        for system, answer, rating in (("good", reference, 4), ("bad", f"Kanske i {PLACES[(item + 1) % 4]}?", 2)):
            for rater in ("anna", "bo"):
                own = rating + (item % 3 == 0) - (rater == "bo" and item % 5 == 0)
                rows.append(f"{item},Var bor {animal}?,{reference},{system},{answer},{rater},{own}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
