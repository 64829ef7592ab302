"""The checks of builders, judgment sources, generators, trainers and commands name what a run would trip over later."""

import json
import random
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import click
import pytest

from harness.plugin_check import check_plugin
from harness.protocols import BuilderSpec, GeneratorSpec, JudgmentSourceSpec, TrainerSpec
from harness.records import Example, Judgment, JudgmentInfo, Output, Scale
from harness.registry import Entry, Registry
from harness.testing import check_builder, check_command, check_generator, check_judgments, check_trainer
from harness.testing.command_checks import try_command
from harness.testing.plugin_checks import find_problems

SPECS = {
    "dataset builder": BuilderSpec,
    "judgment source": JudgmentSourceSpec,
    "generator": GeneratorSpec,
    "trainer": TrainerSpec,
}


def problems(kind, build, spec=None, params=None):
    """The messages, without asking a fresh process."""
    registry = Registry()
    registry.entries[kind]["probe"] = Entry(SPECS[kind]("probe", build=build, **(spec or {})), "probe", "lab-dist")
    return [str(one) for one in find_problems(kind, "probe", params, registry=registry, elsewhere=False).problems]


def example(name, **fields):
    return Example.from_instruction(name, "Fråga?", ["Svar."], language=fields.pop("language", "sv"), **fields)


def builder(*rows):
    return lambda: SimpleNamespace(examples=lambda: iter(rows))


class Shuffled:
    def examples(self):
        rows = [example(f"set/{n}") for n in range(20)]
        random.shuffle(rows)
        return iter(rows)


class UsedUp:
    """Its rows can be asked for once."""

    def __init__(self):
        self.rows = iter([example("set/1"), example("set/2")])

    def examples(self):
        return self.rows


def fails_late():
    yield example("set/1")
    raise RuntimeError("no such row")


@pytest.mark.parametrize(
    ("build", "spec", "told"),
    [
        (builder(), {}, "protocol: examples() yields nothing"),
        (builder("text"), {}, "protocol: examples() yields a str as number 1, not Example or SetAside"),
        (builder(example("set/1"), example("set/1")), {}, "ids: row 2 has the id 'set/1' of row 1"),
        (builder(example("one")), {}, "ids: the id 'one' has no data set before a slash"),
        (builder(example("set/1", language=5)), {}, "fields: examples(): number 1 (Example 'set/1') cannot be kept"),
        (builder(example("set/1", meta={"half": "\ud800"})), {}, "fields: examples(): number 1 (Example 'set/1') cannot be kept"),
        (builder(example("set/1")), {"languages": ("da",)}, "languages: an example's language is 'sv', which the spec's"),
        (
            lambda: SimpleNamespace(examples=fails_late),
            {},
            "protocol: examples() fails after 1 records: RuntimeError: no such row",
        ),
        (Shuffled, {}, "repeat: asked again after a stop, number"),
        (UsedUp, {}, "repeat: asked again after a stop, it yields 0 records where it yielded 2"),
    ],
)
def test_what_is_wrong_with_a_builder_is_named(build, spec, told):
    found = problems("dataset builder", build, spec)
    assert [one[: len(told)] for one in found] == [told]


def test_a_good_builder_has_no_problems():
    assert problems("dataset builder", builder(example("set/1"), example("set/2"))) == []


INFO = JudgmentInfo(name="probe", version="1", criteria=("quality",))
OUTPUT = Output(id="set/1/a", example_id="set/1", system="a", text="Svar.")


def rating(output="set/1/a", value=3, criterion="quality"):
    return Judgment(output_id=output, rater="bo", criterion=criterion, value=value, scale=Scale(low=1, high=5))


def source(*records, info=INFO):
    return lambda: SimpleNamespace(info=info, read=lambda: iter(records))


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (source(info="text"), "info: its info is a str, not a JudgmentInfo"),
        (source(OUTPUT, example("set/1"), rating()), "order: record 1: output 'set/1/a' comes before its example 'set/1'"),
        (source(example("set/1"), rating(), OUTPUT), "order: record 2: a rating of 'set/1/a' comes before that output, or there"),
        (source(example("set/1"), OUTPUT, OUTPUT, rating()), "ids: output 2 has the id 'set/1/a' of output 1"),
        (source(example("set/1"), OUTPUT, rating(criterion="taste")), "info: people judged 'taste', which info.criteria"),
        (source(example("set/1"), OUTPUT), "protocol: read() yields nothing that people said"),
        (
            source(example("set/1"), OUTPUT, rating(value=9)),
            "protocol: probe: rating of 'set/1/a' by 'bo' on 'quality' is 9, off its",
        ),
    ],
)
def test_what_is_wrong_with_a_judgment_source_is_named(build, told):
    found = problems("judgment source", build)
    assert [one[: len(told)] for one in found] == [told]


class Echo:
    def __init__(self, loud=False):
        self.loud = loud
        self.signature = f"echo|loud:{loud}|v:1"

    def said(self, one, place):
        return {"text": one.instruction}

    def generate(self, examples):
        for place, one in enumerate(examples):
            yield Output(id=f"{one.id}/0", example_id=one.id, system="echo", **{"finish": "stop"} | self.said(one, place))


class Backwards(Echo):
    def generate(self, examples):
        return iter(list(super().generate(examples))[::-1])


class LeavesOut(Echo):
    def generate(self, examples):
        return iter(list(super().generate(examples))[:-1])


class AllAtOnce(Echo):
    def generate(self, examples):
        return list(super().generate(examples))


class SilentErrors(Echo):
    def said(self, one, place):
        return {"finish": "error"}


class Draws(Echo):
    def said(self, one, place):
        return {"text": str(random.random())}


class Counts(Echo):
    def said(self, one, place):
        return {"text": str(place)}


class Forgets(Echo):
    def __init__(self, loud=False):
        self.signature = "echo|v:1"


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (Backwards, "order: its outputs are not in the examples' order"),
        (LeavesOut, "order: it gives no output for 'probe/3'"),
        (AllAtOnce, "protocol: generate returns a list: yield each output when it is there"),
        (SilentErrors, "fields: output 'probe/0/0' is an error without a reason"),
        (Draws, "repeat: built a second time, it says something else under the same signature"),
        (Counts, "alone: 'probe/3' gets another answer alone than among others"),
        (Forgets, "signature: loud=True leaves the signature as it is (echo|v:1)"),
    ],
)
def test_what_is_wrong_with_a_generator_is_named(build, told):
    found = problems("generator", build)
    assert found
    assert found[0].startswith(told)


def test_a_good_generator_has_no_problems():
    assert problems("generator", Echo) == []


class Counter:
    def train(self, examples, folder):
        model = folder / "model"
        model.mkdir(exist_ok=True)
        (model / "n.json").write_text(json.dumps(len(list(examples))))
        return model


class Elsewhere(Counter):
    def train(self, examples, folder):
        super().train(examples, folder)
        return folder.parent


class Beside(Counter):
    def train(self, examples, folder):
        (folder.parent / "left.txt").write_text("here")
        return super().train(examples, folder)


class Empty(Counter):
    def train(self, examples, folder):
        (folder / "model").mkdir(exist_ok=True)
        return folder / "model"


class Once(Counter):
    def train(self, examples, folder):
        (folder / "model").mkdir()
        return super().train(examples, folder)


class WrongFacts(Counter):
    def train(self, examples, folder):
        model = super().train(examples, folder)
        (model / "facts.json").write_text("[1]")
        return model


class WordForSplits(Counter):
    splits = "train"


@pytest.mark.parametrize(
    ("build", "spec", "told"),
    [
        (Elsewhere, {}, "protocol: trainer 'probe' is to return a folder inside"),
        (Beside, {}, "outside: it wrote 'left.txt' outside of the folder that it was given"),
        (Empty, {}, "protocol: its checkpoint trial/model is empty"),
        (Once, {}, "resume: called again in its folder, as after a stop, it fails: FileExistsError"),
        (WrongFacts, {}, "protocol: "),
        (WordForSplits, {}, "protocol: its splits are the text 'train': write a tuple"),
        (Counter, {"free": ("threads",)}, "protocol: the spec's free names 'threads', which is no parameter"),
    ],
)
def test_what_is_wrong_with_a_trainer_is_named(build, spec, told):
    found = problems("trainer", build, spec)
    assert [one[: len(told)] for one in found] == [told]


@pytest.mark.parametrize("kind", ["instruction", "chat", "document", "choice", "aligned"])
def test_a_trainer_is_tried_on_examples_of_the_kinds_that_it_accepts(kind):
    seen = []

    class Looks(Counter):
        def train(self, examples, folder):
            seen.extend(examples)
            return super().train(examples, folder)

    assert problems("trainer", Looks, {"accepts": (kind,)}) == []
    assert {one.kind for one in seen} == {kind}


def command(value):
    return [EntryPoint("probe", f"{__name__}:{value}", "harness.commands")]


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (click.command(lambda: None), "help: it has no help"),
        (
            click.command(help="x")(click.option("--fast")(lambda fast: None)),
            "help: the option --fast of `harness probe` has no help",
        ),
        (len, "protocol: command 'probe' (from unknown distribution): "),
    ],
)
def test_what_is_wrong_with_a_command_is_named(monkeypatch, function, told):
    monkeypatch.setattr(EntryPoint, "load", lambda point: function)
    found = try_command("probe", command("run"))
    assert [str(one)[: len(told)] for one in found.problems] == [told]


def test_the_helpers_for_tests_raise_one_error_with_everything():
    with pytest.raises(AssertionError, match="no installed command is called 'nothing-of-this-name'"):
        check_command("nothing-of-this-name")
    for check in (check_builder, check_judgments, check_generator, check_trainer):
        with pytest.raises(AssertionError, match=r"has 1 problem\(s\):\n- protocol: unknown"):
            check("nothing-of-this-name")
    check_command("show")


def test_what_reaches_for_another_machine_is_skipped_unless_that_is_allowed():
    import socket

    class Calls(Echo):
        def generate(self, examples):
            if examples:
                socket.create_connection(("model.invalid", 443), timeout=0.1)
            yield from super().generate(examples)

    entry = Entry(GeneratorSpec("probe", build=Calls), "probe", "lab-dist")
    registry = Registry()
    registry.entries["generator"]["probe"] = entry
    refused = check_plugin(registry, "generator", entry)
    assert (refused.status, refused.detail) == (
        "skipped",
        "it reaches out to model.invalid; --network lets it, at whatever that costs",
    )


def test_a_module_that_imports_something_large_is_told_so():
    from harness.registry import Loaded

    entry = Entry(GeneratorSpec("probe", build=Echo), "probe", "lab-dist")
    registry = Registry(loaded=[Loaded("probe", "lab-dist", imports=("torch",))])
    registry.entries["generator"]["probe"] = entry
    found = check_plugin(registry, "generator", entry)
    assert (found.status, found.problems) == (
        "failed",
        ("loading its module imports torch, for which every command waits: import inside of build",),
    )
