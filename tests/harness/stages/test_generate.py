"""Generation: outputs under the system's name, resumed, cached under the generator's signature, and checked."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from harness.cache import Cache
from harness.errors import PluginError
from harness.protocols import GeneratorSpec
from harness.records import Example, Output
from harness.registry import Entry, PluginRef, Registry
from harness.stages.generate import SystemRef, generate
from harness.store import Run

EXAMPLES = [Example.from_instruction(f"e/{n}", f"Säg {n}", [str(n)], language="sv") for n in range(4)]
SYSTEM = SystemRef(name="loud", generator=PluginRef("shouting"))


def said(example: Example, sample: int = 0) -> Output:
    text = f"{(example.instruction or '').upper()} {sample}"
    return Output(id="any", example_id=example.id, system="any", sample=sample, text=text, finish="stop")


class Shouting:
    """Says the instruction in capitals, `samples` times; breaks off before the example numbered `stop`."""

    def __init__(self, signature: str | None = None, samples: int = 1, stop: int | None = None) -> None:
        if signature is not None:
            self.signature = signature
        self.samples, self.stop, self.asked = samples, stop, list[str]()

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        for example in examples:
            if example.id == f"e/{self.stop}":
                raise KeyboardInterrupt
            self.asked.append(example.id)
            yield from (said(example, sample) for sample in range(self.samples))


def outputs(folder: Path, generator: object, cache: Cache | None = None) -> list[Output]:
    registry = Registry()
    registry.entries["generator"]["shouting"] = Entry(GeneratorSpec("shouting", build=lambda: generator), "test", "test")
    with Run.open(folder, config={}, command=["test"]) as run:
        return generate(run, registry, [SYSTEM], EXAMPLES, lambda label, done, total: None, cache=cache)


def test_outputs_stand_under_the_systems_name_in_the_examples_order(tmp_path: Path) -> None:
    found = outputs(tmp_path / "run", Shouting(samples=2))
    assert [(one.id, one.text) for one in found[:3]] == [
        ("e/0/loud/0", "SÄG 0 0"),
        ("e/0/loud/1", "SÄG 0 1"),
        ("e/1/loud/0", "SÄG 1 0"),
    ]
    assert {one.system for one in found} == {"loud"}


def test_a_stopped_generation_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        outputs(tmp_path / "run", Shouting(stop=3))
    again = Shouting()
    assert len(outputs(tmp_path / "run", again)) == 4
    assert again.asked == ["e/2", "e/3"]  # e/2 was not known to be complete


def test_another_run_takes_outputs_of_the_same_signature_from_the_cache(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        first = outputs(tmp_path / "one", Shouting("model:a"), cache)
        same, other = Shouting("model:a"), Shouting("model:b")
        assert outputs(tmp_path / "two", same, cache) == first
        assert outputs(tmp_path / "three", other, cache) == first
    assert (same.asked, len(other.asked)) == ([], 4)


def test_without_a_signature_nothing_is_cached(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        outputs(tmp_path / "one", Shouting(), cache)
        again = Shouting()
        outputs(tmp_path / "two", again, cache)
    assert len(again.asked) == 4


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (lambda examples: [said(examples[0])], "gave no output for 'e/1'"),
        (lambda examples: [said(examples[0]), said(examples[0])], "two outputs of one sample number"),
        (lambda examples: [said(e) for e in (*examples, examples[0])], "comes back to 'e/0'"),
        (lambda examples: [Output(id="x", example_id="e/9", system="x", text="")], "'e/9', an example that it was not given"),
        (lambda examples: ["text"], "yields str"),
    ],
)
def test_a_generator_that_leaves_out_doubles_or_invents_is_named(
    tmp_path: Path, says: Callable[[Sequence[Example]], list[object]], complaint: str
) -> None:
    class Wrong:
        def generate(self, examples: Sequence[Example]) -> Iterator[object]:
            yield from says(examples)

    with pytest.raises(PluginError, match=complaint):
        outputs(tmp_path / "run", Wrong())


def test_a_generator_that_need_not_keep_the_order_is_asked_so_and_the_table_keeps_it(tmp_path: Path) -> None:
    class Backwards(Shouting):
        def generate_as_done(self, examples: Sequence[Example]) -> Iterator[Output]:
            return self.generate(list(reversed(examples)))

    generator = Backwards(samples=2)
    found = outputs(tmp_path / "run", generator)
    assert generator.asked == ["e/3", "e/2", "e/1", "e/0"]
    assert [one.example_id for one in found[::2]] == ["e/0", "e/1", "e/2", "e/3"]


def test_an_answers_language_is_kept_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("py3langid", reason="needs metaeval-harness[languages]")

    class English(Shouting):
        def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
            for output in super().generate(examples):
                yield msgspec.structs.replace(output, text="the old man was walking slowly through the dark forest")

    assert {one.meta["language"] for one in outputs(tmp_path / "run", English())} == {"en"}
