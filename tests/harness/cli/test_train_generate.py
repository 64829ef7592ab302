"""`harness train` and `harness generate` from one config, with a trainer that is no instruction tuning."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import harness
from harness.errors import ConfigError, InputError
from harness.experiment import load_experiment, read_examples, resolved
from harness.records import Example, Output, to_json
from harness.store import read_table

PLUGIN = """
import json
from collections import Counter
from harness import GeneratorSpec, Output, TrainerSpec, hookimpl


class Masked:
    '''Which word stands most often between two others: a language model that fills gaps.'''

    def __init__(self, smoothing=1):
        self.smoothing = smoothing

    def train(self, examples, folder):
        seen = Counter()
        for example in examples:
            words = example.messages[0].text.split()
            seen.update(zip(words, words[1:], words[2:]))
        checkpoint = folder / "model"
        checkpoint.mkdir(parents=True, exist_ok=True)
        (checkpoint / "counts.json").write_text(json.dumps([[list(key), n] for key, n in sorted(seen.items())]))
        (checkpoint / "facts.json").write_text(json.dumps({"losses": [2.0, 1.5]}))
        return checkpoint


class Filler:
    def __init__(self, model=None):
        self.counts = [] if model is None else json.loads(open(model + "/counts.json").read())

    def generate(self, examples):
        for example in examples:
            before, _, after = example.messages[0].text.partition(" ___ ")
            fits = [(n, key[1]) for key, n in self.counts if key[0] == before.split()[-1] and key[2] == after.split()[0]]
            yield Output(id="x", example_id=example.id, system="x", text=max(fits)[1] if fits else "?", finish="stop")


@hookimpl
def harness_trainers():
    return [TrainerSpec("masked", build=Masked, help="fills gaps", accepts=("document",))]


@hookimpl
def harness_generators():
    return [GeneratorSpec("filler", build=Filler, help="fills gaps")]
"""
CONFIG = """
examples: {examples}
train:
  - name: counts
    trainer: {{masked: {{smoothing: 2}}}}
generate:
  split: {split}
  systems:
    - name: nothing
      generator: filler
    - name: trained
      generator: {{filler: {{model: "train:counts"}}}}
plugins: [masked.py]
"""


def document(name: str, text: str, split: str) -> Example:
    return Example.from_instruction(name, text, [], language="sv", kind="document", split=split)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    rows = [document("d/1", "katten sover på mattan", "train"), document("d/2", "hunden sover på mattan", "train")]
    asked = [document("d/3", "katten sover ___ mattan", "test")]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(map(to_json, [*rows, *asked])))
    (tmp_path / "masked.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(CONFIG.format(examples="rows.jsonl", split="test"), encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(harness, list(arguments))


def test_a_model_that_fills_gaps_is_trained_and_answers(folder: Path) -> None:
    trained = run("train", "mine.yaml")
    assert trained.exit_code == 0, trained.output
    assert "counts: runs/mine/checkpoints/counts/model, loss 2.000 to 1.500 in 2 steps" in trained.stdout
    answered = run("generate", "mine.yaml", "--json")
    assert answered.exit_code == 0, answered.output
    assert json.loads(answered.stdout)["systems"] == {
        "nothing": {"outputs": 1, "errors": 0},
        "trained": {"outputs": 1, "errors": 0},
    }
    outputs = list(read_table(folder / "runs/mine/outputs.parquet", Output))
    assert [(one.system, one.text) for one in outputs] == [("nothing", "?"), ("trained", "på")]


@pytest.mark.parametrize("change", [("smoothing: 2", "smoothing: 3"), ("rows.jsonl", "others.jsonl")])
def test_a_training_that_is_refused_leaves_the_run_as_it_was(folder: Path, change: tuple[str, str]) -> None:
    assert run("train", "mine.yaml").exit_code == 0
    text = (folder / "rows.jsonl").read_text(encoding="utf-8")
    (folder / "others.jsonl").write_text(text.replace("hunden", "räven"), encoding="utf-8")
    (folder / "other.yaml").write_text((folder / "mine.yaml").read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    before = {path: path.read_bytes() for path in sorted((folder / "runs").rglob("*")) if path.is_file()}
    refused = run("train", "other.yaml", "-o", "runs/mine")
    assert (refused.exit_code, "other examples or parameters" in refused.output) == (2, True), refused.output
    assert {path: path.read_bytes() for path in sorted((folder / "runs").rglob("*")) if path.is_file()} == before
    assert run("train", "mine.yaml").exit_code == 0


def test_a_system_whose_model_is_not_trained_yet_says_so(folder: Path) -> None:
    result = run("generate", "mine.yaml")
    assert result.exit_code == 2
    assert "holds no finished training called 'counts'" in result.output


def test_dry_runs_write_nothing(folder: Path) -> None:
    assert "counts: masked:smoothing=2 on 2 examples (train 2), to" in run("train", "mine.yaml", "--dry-run").stdout
    assert "nothing: filler on 1 examples" in run("generate", "mine.yaml", "--dry-run").stdout
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(("trainer", "said"), [("{smoothing: 2, smooth: 1}", "has no parameter 'smooth'"), ("{}", "at least 1")])
def test_a_dry_run_builds_trainers_and_refuses_what_the_run_would(folder: Path, trainer: str, said: str) -> None:
    plugin = PLUGIN.replace(
        "smoothing=1):", 'smoothing=0):\n        if smoothing < 1:\n            raise ValueError("at least 1")'
    )
    (folder / "masked.py").write_text(plugin, encoding="utf-8")
    config = CONFIG.format(examples="rows.jsonl", split="test")
    (folder / "mine.yaml").write_text(config.replace("{smoothing: 2}", trainer), encoding="utf-8")
    result = run("train", "mine.yaml", "--dry-run")
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_dry_run_says_of_a_second_training_of_many_parameters_what_differs(folder: Path) -> None:
    plugin = PLUGIN.replace("smoothing=1)", "smoothing=1, a=1, b=1, c=1, d=1)")
    (folder / "masked.py").write_text(plugin, encoding="utf-8")
    config = """
examples: rows.jsonl
plugins: [masked.py]
train:
  - {name: one, trainer: {masked: &first {smoothing: 2, a: 1, b: 2, c: 3, d: 4}}}
  - {name: two, trainer: {masked: {<<: *first, smoothing: 3}}}
  - {name: three, trainer: {masked: {smoothing: 2, a: 1, b: 2, d: 4}}}
"""
    (folder / "mine.yaml").write_text(config, encoding="utf-8")
    said = run("train", "mine.yaml", "--dry-run").stdout.splitlines()
    starts = [
        "one: masked:a=1,b=2,c=3,d=4,smoothing=2 on",
        "two: masked as one, but smoothing=3, on",
        "three: masked as one, but without c, on",
    ]
    assert [line.startswith(start) for line, start in zip(said, starts, strict=False)] == [True] * 3, said


def test_a_trainer_that_tells_how_far_it_is_is_shown(folder: Path) -> None:
    telling = "    def use_report(self, report):\n        self.report = report\n\n    def train(self, examples, folder):\n"
    said = "        self.report(1, 2)\n        self.report(2, 2)\n"
    plugin = PLUGIN.replace("    def train(self, examples, folder):\n", telling + said)
    (folder / "masked.py").write_text(plugin, encoding="utf-8")
    trained = run("train", "mine.yaml")
    assert trained.exit_code == 0, trained.output
    assert "counts, steps: 2 of 2, 0.0 s" in trained.stderr


def test_a_dry_run_counts_what_is_learned_from_and_asks_the_trainer(folder: Path) -> None:
    check = "    splits = ('train',)\n\n    def check(self, examples):\n        ERROR\n\n    def train("
    rows = [document("d/1", "en två tre", "train"), document("d/2", "fyra fem sex", "validation")]
    (folder / "rows.jsonl").write_bytes(b"\n".join(map(to_json, [*rows, document("d/3", "sju ___ nio", "test")])))
    (folder / "masked.py").write_text(PLUGIN.replace("    def train(", check.replace("ERROR", "assert len(examples) == 1")))
    dry = run("train", "mine.yaml", "--dry-run")
    assert "on 1 of 2 examples (train 1, validation 1), to" in dry.stdout, dry.output
    refusing = check.replace("ERROR", "raise __import__('harness').errors.InputError('no such base')")
    (folder / "masked.py").write_text(PLUGIN.replace("    def train(", refusing))
    refused = run("train", "mine.yaml", "--dry-run")
    assert (refused.exit_code, "no such base" in refused.output) == (2, True), refused.output
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("command", ["train", "generate"])
def test_two_examples_of_one_id_are_refused_before_anything_runs(folder: Path, command: str) -> None:
    with (folder / "rows.jsonl").open("ab") as file:
        file.write(b"\n" + to_json(document("d/3", "hunden sover ___ golvet", "test")))
    result = run(command, "mine.yaml")
    assert result.exit_code == 2
    assert "rows.jsonl: more than one example has the id 'd/3'" in result.output
    assert not (folder / "runs").exists()


def test_the_config_loads_as_what_it_resolves_to(folder: Path) -> None:
    import yaml

    config = load_experiment("mine.yaml")
    (folder / "again.yaml").write_text(yaml.safe_dump(resolved(config)), encoding="utf-8")
    assert load_experiment("again.yaml") == config


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("train:counts", "train:count", "line 11.*'train:count': no training has this name; there are counts"),
        ("name: trained", "name: nothing", "line 11.*'nothing' is here twice"),
        ("split: test", "splits: test", "line 7.*unknown key 'splits'"),
        ("examples: rows.jsonl", "exampels: rows.jsonl", "line 2.*unknown key 'exampels'"),
        ("generator: filler", "generator: [filler]", "line 10.*plugin's name"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(folder: Path, old: str, new: str, said: str) -> None:
    text = (folder / "mine.yaml").read_text(encoding="utf-8").replace(old, new)
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_experiment("mine.yaml")


def test_examples_that_are_none_are_named_with_their_line(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"id": "a/1", "kind": "document", "language": "sv"}\n{"id": 3}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl, line 2: not an example"):
        read_examples("rows.jsonl")
    with pytest.raises(InputError, match="no table of examples"):
        read_examples(folder)


def test_a_split_that_no_example_has_is_an_error(folder: Path) -> None:
    (folder / "mine.yaml").write_text(CONFIG.format(examples="rows.jsonl", split="dev"), encoding="utf-8")
    result = run("generate", "mine.yaml")
    assert (result.exit_code, "no example has the split 'dev'" in result.output) == (2, True)


def test_a_dry_run_refuses_examples_of_which_none_is_learned_from(folder: Path) -> None:
    (folder / "masked.py").write_text(PLUGIN.replace("    def train(", "    splits = ('validation',)\n\n    def train("))
    refused = run("train", "mine.yaml", "--dry-run")
    assert (refused.exit_code, "of a split that masked learns from (validation)" in refused.output) == (2, True), refused.output


def test_where_nothing_is_left_to_learn_from_the_reasons_are_counted(folder: Path) -> None:
    (folder / "mine.yaml").write_text(CONFIG.format(examples="rows.jsonl", split="train"), encoding="utf-8")
    refused = run("train", "mine.yaml")
    told = "no example of rows.jsonl is left to learn from (2 asked about themselves, 1 of a split that is not learned from)"
    assert (refused.exit_code, told in refused.output) == (2, True), refused.output
