"""Training: a checkpoint with a record of what it was made of, whatever the trainer is."""

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from harness.errors import InputError, PluginError
from harness.protocols import HeldOut, MetricSpec, Result, Scorer, TrainerSpec, Unit
from harness.records import Example, Output, digest, to_json
from harness.registry import Entry, PluginRef, Registry
from harness.stages.train import Material, learned_examples, read_trained, standing, train

EXAMPLES = [Example.from_instruction(f"e/{n}", f"Räkna till {n}", [str(n)], language="sv", split="train") for n in range(3)]


class Counting:
    """A toy that keeps how many examples it saw, and how often it was asked."""

    calls = 0
    scorer: Scorer

    def __init__(
        self, step: int = 1, stop: bool = False, where: str = "model", memory: int = 1, base: str | None = None, **_: object
    ) -> None:
        self.step, self.stop, self.where, self.base = step, stop, where, base

    def use_scorer(self, scorer: Scorer) -> None:
        Counting.scorer = scorer

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        Counting.calls += 1
        if self.stop:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt
        checkpoint = folder / self.where
        checkpoint.mkdir(parents=True, exist_ok=True)
        before = 0 if self.base is None else int((Path(self.base) / "count").read_text())
        (checkpoint / "count").write_text(str(before + len(list(examples)) * self.step))
        (checkpoint / "facts.json").write_text(json.dumps({"losses": [2.0, 1.0]}))
        return checkpoint


class Same:
    """1 where the answer is the reference; none for an answer without a number."""

    signature = "same|v:1"

    def score(self, units: Sequence[Unit]) -> list[float | Result]:
        return [
            Result(None, "unparsed", detail="no number") if u.output.text == "?" else float(u.output.text in u.example.references)
            for u in units
        ]


@pytest.fixture
def registry() -> Registry:
    Counting.calls = 0
    found = Registry()
    spec = TrainerSpec("counting", build=Counting, accepts=("instruction",), free=("memory",))
    for metric in (MetricSpec("same", build=Same), MetricSpec("which", build=Same, unit="pair")):
        found.entries["metric"][metric.name] = Entry(metric, "test", "test")
    found.entries["trainer"]["counting"] = Entry(spec, "test", "test")
    return found


def ref(**params: object) -> PluginRef:
    return PluginRef("counting", params)


def test_a_checkpoint_has_a_record_of_what_it_was_made_of(registry: Registry, tmp_path: Path) -> None:
    done = train(registry, "tiny", ref(step=2), EXAMPLES, tmp_path)
    assert (tmp_path / done.checkpoint / "count").read_text() == "6"
    assert done.examples == {"instruction train": 3}
    assert done.facts == {"losses": [2.0, 1.0]}
    assert read_trained(tmp_path, "tiny") == done


def test_what_a_model_was_trained_on_is_found_again(registry: Registry, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(b"\n".join(map(to_json, EXAMPLES)))
    done = train(registry, "tiny", ref(), EXAMPLES, tmp_path / "checkpoints", source=rows)
    assert done.material == Material(path="../rows.jsonl", digest=digest(EXAMPLES), n=3)
    assert learned_examples(tmp_path / "checkpoints", done) == EXAMPLES
    of_no_split = msgspec.structs.replace(done, material=msgspec.structs.replace(done.material, splits=(None,)))
    assert learned_examples(tmp_path / "checkpoints", of_no_split) == []
    rows.write_bytes(to_json(EXAMPLES[0]))
    with pytest.raises(InputError, match="no longer holds the examples that 'tiny' was trained on"):
        learned_examples(tmp_path / "checkpoints", done)


def test_what_is_trained_is_not_trained_again(registry: Registry, tmp_path: Path) -> None:
    assert train(registry, "tiny", ref(), EXAMPLES, tmp_path) == train(registry, "tiny", ref(), EXAMPLES, tmp_path)
    assert Counting.calls == 1


@pytest.mark.parametrize(
    ("changed", "examples", "said"),
    [
        (ref(step=3), EXAMPLES, "step was 2 and is 3"),
        (ref(), EXAMPLES, r"step was 2 and is not given \(1 by default\)"),
        (ref(step=2), EXAMPLES[:2], "the examples were 3 and are 2"),
        (
            ref(step=2),
            [*EXAMPLES[:2], msgspec.structs.replace(EXAMPLES[2], language="da")],
            "the examples were those of the "
            r"digest [0-9a-f]{12} and are those of [0-9a-f]{12}",
        ),
    ],
)
def test_another_training_does_not_overwrite_it(
    registry: Registry, tmp_path: Path, changed: PluginRef, examples: list[Example], said: str
) -> None:
    train(registry, "tiny", ref(step=2), EXAMPLES, tmp_path)
    with pytest.raises(InputError, match=rf"holds a training of other examples or parameters \({said}\)"):
        train(registry, "tiny", changed, examples, tmp_path)


def test_the_order_of_a_mapping_is_no_other_parameter(registry: Registry, tmp_path: Path) -> None:
    train(registry, "tiny", ref(step=2, shape={"b": 1, "a": [1, 2]}), EXAMPLES, tmp_path)
    train(registry, "tiny", ref(step=2, shape={"a": [1, 2], "b": 1}), EXAMPLES, tmp_path)
    assert Counting.calls == 1
    with pytest.raises(InputError, match=r"parameters \(step was 2 and is 3\)"):
        train(registry, "tiny", ref(step=3, shape={"a": [1, 2], "b": 1}), EXAMPLES, tmp_path)


def test_a_parameter_that_changes_no_result_may_change(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(registry, "tiny", ref(stop=True, memory=100), EXAMPLES, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(registry, "tiny", ref(stop=True, memory=50), EXAMPLES, tmp_path)


def test_a_training_of_which_nothing_is_there_yet_may_become_another(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="is to return a folder inside"):
        train(registry, "tiny", ref(where="../elsewhere"), EXAMPLES, tmp_path)
    assert train(registry, "tiny", ref(), EXAMPLES, tmp_path).checkpoint == "tiny/model"


def test_a_second_process_waits_for_the_first_and_writes_nothing(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("harness.stages.train._PATIENCE", 0.1)
    with pytest.raises(InputError, match="need a folder that all see"):
        train(registry, "tiny", ref(), EXAMPLES, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_trainer_that_chooses_by_a_metric_is_handed_the_metrics(registry: Registry, tmp_path: Path) -> None:
    train(registry, "tiny", ref(), EXAMPLES, tmp_path)
    scorer = Counting.scorer
    answers = [Output(id=f"o/{one.id}", example_id=one.id, system="tiny", text="1") for one in EXAMPLES]
    assert scorer.higher_is_better("same")
    assert scorer.mean("same", EXAMPLES, answers) == HeldOut(pytest.approx(1 / 3), 3)
    assert scorer.mean("same", EXAMPLES[:2], [answers[0], msgspec.structs.replace(answers[1], text="?")]) == HeldOut(0.0, 2, 1)
    with pytest.raises(InputError, match=r"same scores none of the 1 held-out answers: unparsed \(no number\)"):
        scorer.mean("same", EXAMPLES[:1], [msgspec.structs.replace(answers[0], text="?")])
    with pytest.raises(PluginError, match=r"unknown metric 'sam'\. Did you mean 'same'"):
        scorer.higher_is_better("sam")
    with pytest.raises(PluginError, match="scores each pair, not outputs"):
        scorer.higher_is_better("which")


def test_a_training_that_was_stopped_is_gone_on_with_in_its_folder(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(registry, "tiny", ref(stop=True), EXAMPLES, tmp_path)
    with pytest.raises(InputError, match="no finished training"):
        read_trained(tmp_path, "tiny")
    with pytest.raises(KeyboardInterrupt):
        train(registry, "tiny", ref(stop=True), EXAMPLES, tmp_path)
    assert (tmp_path / "tiny/half").is_file()


def test_what_stands_is_told_without_touching_it(registry: Registry, tmp_path: Path) -> None:
    def told(name: str = "tiny", **params: object) -> str:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        try:
            return standing(registry, name, ref(**params), EXAMPLES, tmp_path, {})
        finally:
            assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before

    assert told() == told(base="train:warm") == ""  # what that one begins with is not there either
    with pytest.raises(KeyboardInterrupt):
        train(registry, "tiny", ref(stop=True), EXAMPLES, tmp_path)
    assert told(stop=True) == "goes on where it was stopped"
    with pytest.raises(
        InputError, match=r"another training|other examples or parameters \(step was not given \(1 by default\) and is 2"
    ):
        told(stop=True, step=2)
    done = train(registry, "warm", ref(step=2), EXAMPLES, tmp_path)
    assert told("warm", step=2) == "is there already"
    (tmp_path / done.checkpoint / "count").unlink()  # a finished one that was damaged is trained again
    assert told("warm", step=2) == "goes on where it was stopped"
    assert Counting.calls == 2


def test_what_stands_of_a_training_is_told_by_what_it_will_begin_with(registry: Registry, tmp_path: Path) -> None:
    train(registry, "warm", ref(step=2), EXAMPLES, tmp_path)
    train(registry, "tuned", ref(base="train:warm"), EXAMPLES, tmp_path)

    def told(step: int) -> list[str]:
        stages: dict[str, str] = {}
        both = (("warm", ref(step=step)), ("tuned", ref(base="train:warm")))
        return [standing(registry, name, which, EXAMPLES, tmp_path, stages) for name, which in both]

    assert told(2) == ["is there already"] * 2
    shutil.rmtree(tmp_path / "warm")
    assert told(2) == ["", "is there already"]  # trained again, the first is what it was
    (tmp_path / "warm.json").unlink()
    assert told(2) == ["", "is there already"]
    with pytest.raises(InputError, match=r"tuned holds a training of other .*base was 'train:warm@\w{12}' and is 'train:warm@"):
        told(3)  # before hours went into the first


def test_a_checkpoint_cut_short_is_named(registry: Registry, tmp_path: Path) -> None:
    done = train(registry, "tiny", ref(), EXAMPLES, tmp_path)
    (tmp_path / done.checkpoint / "count").write_text("")
    with pytest.raises(InputError, match="count is not what the training wrote"):
        read_trained(tmp_path, "tiny")


def test_a_kind_that_the_trainer_does_not_accept_is_named(registry: Registry, tmp_path: Path) -> None:
    document = Example(id="d/1", kind="document", language="sv")
    with pytest.raises(PluginError, match="'d/1' is of the kind 'document'"):
        train(registry, "tiny", ref(), [*EXAMPLES, document], tmp_path)


def test_a_checkpoint_outside_its_folder_is_refused(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="is to return a folder inside"):
        train(registry, "tiny", ref(where="../elsewhere"), EXAMPLES, tmp_path)


def test_nothing_to_train_on_is_an_error(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no examples"):
        train(registry, "tiny", ref(), [], tmp_path)


def test_a_training_begins_with_the_checkpoint_of_another_and_is_another_when_that_one_changes(
    registry: Registry, tmp_path: Path
) -> None:
    train(registry, "warm", ref(step=2), EXAMPLES, tmp_path)
    done = train(registry, "tuned", ref(base="train:warm"), EXAMPLES, tmp_path)
    assert (tmp_path / done.checkpoint / "count").read_text() == "9"
    assert done.params == {"base": "train:warm"}  # wherever the folder lies
    moved = tmp_path.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    assert train(registry, "tuned", ref(base="train:warm"), EXAMPLES, moved) == done
    assert Counting.calls == 2
    shutil.rmtree(moved / "warm")
    with pytest.raises(InputError, match="count is missing"):
        train(registry, "tuned", ref(base="train:warm"), EXAMPLES, moved)
    train(registry, "warm", ref(step=3), EXAMPLES, moved)
    with pytest.raises(InputError, match=r"base was 'train:warm@\w{12}' and is 'train:warm@"):
        train(registry, "tuned", ref(base="train:warm"), EXAMPLES, moved)
    with pytest.raises(InputError, match="no finished training called 'cold'"):
        train(registry, "other", ref(base="train:cold"), EXAMPLES, moved)


@pytest.fixture
def base(registry: Registry, tmp_path: Path) -> Path:
    """A model's folder, and a trainer that says it reads it."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "count").write_text("10")
    spec = TrainerSpec("counting", build=Counting, accepts=("instruction",), reads=lambda base, **_: [Path(base)])
    registry.entries["trainer"]["counting"] = Entry(spec, "test", "test")
    return folder


def test_a_training_whose_model_has_changed_is_another(registry: Registry, base: Path, tmp_path: Path) -> None:
    began = ref(base=str(base))
    (base / b"M\xe4rk".decode(errors="surrogateescape")).write_text("a name that is no text")
    (base / "linked").symlink_to(tmp_path)
    done = train(registry, "tiny", began, EXAMPLES, tmp_path / "out")
    os.utime(base / "count", (1, 1))  # copied, or only touched
    assert train(registry, "tiny", began, EXAMPLES, tmp_path / "out") == done
    assert standing(registry, "tiny", began, EXAMPLES, tmp_path / "out", {}) == "is there already"
    (base / "count").write_text("11")
    for ask in (train, partial(standing, stages={})):
        with pytest.raises(InputError, match=r"base/count is not what it was when the training in .*tiny began"):
            ask(registry, "tiny", began, EXAMPLES, tmp_path / "out")
    (tmp_path / "out" / "tiny.json").unlink()  # the same where it was stopped
    with pytest.raises(InputError, match="base/count is not what it was"):
        train(registry, "tiny", began, EXAMPLES, tmp_path / "out")
    (base / "count").write_text("10")
    (base / "README.md").write_text("notes")
    assert train(registry, "tiny", began, EXAMPLES, tmp_path / "out").files == done.files
    (base / "model.safetensors").write_bytes(b"other weights, which a library would take first")
    with pytest.raises(InputError, match=r"base/model\.safetensors was not there when the training"):
        train(registry, "tiny", began, EXAMPLES, tmp_path / "out")
    shutil.rmtree(base)  # a finished model needs it no more
    assert train(registry, "tiny", began, EXAMPLES, tmp_path / "out").files == done.files
    assert Counting.calls == 2


@pytest.mark.parametrize("raised", [ValueError, RuntimeError, PluginError])
def test_what_a_trainer_cannot_tell_keeps_no_training_from_beginning(
    registry: Registry, tmp_path: Path, raised: type[Exception]
) -> None:
    def reads(**_: object) -> list[Path]:
        raise raised("no")

    spec = TrainerSpec("counting", build=Counting, accepts=("instruction",), reads=reads)
    registry.entries["trainer"]["counting"] = Entry(spec, "test", "test")
    for _ in range(2):
        train(registry, "tiny", ref(), EXAMPLES, tmp_path)
    assert Counting.calls == 1


def test_a_model_may_change_before_anything_is_learned_from_it(registry: Registry, base: Path, tmp_path: Path) -> None:
    train(registry, "tiny", ref(base=str(base)), EXAMPLES, tmp_path / "out")
    for path in ((tmp_path / "out" / "tiny.json"), *(tmp_path / "out" / "tiny" / "model").iterdir()):
        path.unlink()
    (tmp_path / "out" / "tiny" / "model").rmdir()
    (base / "count").write_text("20")
    done = train(registry, "tiny", ref(base=str(base)), EXAMPLES, tmp_path / "out")
    assert (tmp_path / "out" / done.checkpoint / "count").read_text() == "23"
