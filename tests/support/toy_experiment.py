"""An experiment in small: a builder, a trainer that counts words, a generator that repeats them, and a config over all of it.

Each plugin kills its own process once, at the place that the file `kill` in the working folder names, so that a test knows where
an experiment was stopped.
"""

from pathlib import Path

PLUGIN = '''
import json, os, signal
from collections import Counter
from pathlib import Path
from harness import BuilderSpec, Example, GeneratorSpec, MetricSpec, Output, TrainerSpec, hookimpl, named_files

WORDS = ["katten", "hunden", "fisken", "fågeln", "hästen", "kon", "grisen", "fåret", "geten", "musen", "björnen", "vargen"]


def die(place):
    note = Path("kill")
    if note.is_file() and note.read_text() == place:
        note.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    with open("calls", "a") as file:
        file.write(place + "\\n")


class Animals:
    """Asks what an animal says; the right answer is the animal itself."""

    def __init__(self, rows=60):
        self.rows = rows

    def examples(self):
        for number in range(self.rows):
            animal = WORDS[number % len(WORDS)]
            if number == 20:
                die("build")
            yield Example.from_instruction(
                f"toy/{number:03}", f"Vad säger {animal} nummer {number}?", [f"{animal} säger {number}"],
                language="sv", form="short", task="wild" if animal in ("björnen", "vargen") else "tame",
            )


class Counts:
    """Learns which word answers begin with; with another seed it forgets the numbers."""

    def __init__(self, seed=0):
        self.seed = seed

    def train(self, examples, folder):
        os.environ["HF_SET_BY_A_LIBRARY"] = "1"  # as some do while they load
        checkpoint = folder / "model"
        checkpoint.mkdir(parents=True, exist_ok=True)
        (checkpoint / "half.json").write_text("{}")
        die(f"train-{self.seed}")
        seen = Counter(example.references[0].split()[0] for example in examples)
        known = {"words": sorted(seen), "numbers": self.seed == 0}
        (checkpoint / "model.json").write_text(json.dumps(known))
        (checkpoint / "facts.json").write_text(json.dumps({"losses": [3.0, 2.0, 1.0 + self.seed], "tokens_per_second": 9.5}))
        return checkpoint


class Parrot:
    """Says the animal and its number where it knows them."""

    def __init__(self, model=None):
        self.known = None if model is None else json.loads((Path(model) / "model.json").read_text())
        self.signature = f"parrot|known:{json.dumps(self.known)}|v:1"

    def generate(self, examples):
        for place, example in enumerate(examples):
            if place == 3:
                die("generate" if self.known is None else "generate-trained")
            _, _, animal, _, number = example.instruction.rstrip("?").split()
            text = "vet inte"
            if self.known is not None:
                text = f"{animal} säger {number}" if self.known["numbers"] else f"{animal} säger mycket"
            yield Output(id="x", example_id=example.id, system="x", text=text, finish="stop", tokens_out=len(text.split()))


class Same:
    """The share of the reference's words that the answer has."""

    signature = "same-words|v:1"

    def score(self, units):
        die("score")
        wanted = [set(unit.example.references[0].split()) for unit in units]
        return [len(words & set((unit.output.text or "").split())) / len(words) for words, unit in zip(wanted, units)]


@hookimpl
def harness_dataset_builders():
    return [BuilderSpec("animals", build=Animals, help="animals", reads=named_files)]


@hookimpl
def harness_trainers():
    return [TrainerSpec("counts", build=Counts, help="counts words", reads=named_files)]


@hookimpl
def harness_generators():
    return [GeneratorSpec("parrot", build=Parrot, help="repeats", reads=named_files)]


@hookimpl
def harness_metrics():
    return [MetricSpec("same-words", build=Same, help="words in common", needs=("reference",), batch_size=8, reads=named_files)]
'''

CONFIG = """
name: toy
build:
  language: sv
  builders: [{animals: {rows: 60}}]
  languages: false
  filters: false
  duplicates: false
  contamination: false
  splits: {train: 0.5, validation: 0.0, test: 0.5}
hold_out: {tasks: [wild]}
train:
  - {name: counted, trainer: counts, seeds: [0, 1]}
generate:
  split: [test, unseen]
  systems:
    - {name: base, generator: parrot}
    - {name: counted, generator: {parrot: {model: "train:counted"}}}
score: {metrics: [same-words]}
compare: {baseline: base, resamples: 200, draws: 500}
plugins: [toy_plugin.py]
"""


def write_experiment(folder: Path, more: str = "") -> Path:
    """The config `toy.yaml` in the folder, with its plugin beside it; `more` is added to the config."""
    (folder / "toy_plugin.py").write_text(PLUGIN, encoding="utf-8")
    config = folder / "toy.yaml"
    config.write_text(CONFIG + more, encoding="utf-8")
    return config
