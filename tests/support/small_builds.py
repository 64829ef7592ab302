"""A finished build folder out of rows by hand: the tables that the stage writes, and what comes out of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.build.config import BuildConfig, resolved
from harness.build.evaluation_sets import EvaluationSet
from harness.build.finished import Written, write_finished
from harness.build.options import CardOptions
from harness.build.rows import SetAside, instruction_example
from harness.build.sift_found import write_found
from harness.records import Example, Origin
from harness.registry import PluginRef
from harness.stages.build import BuiltRows
from harness.store import Run

AGAINST = (EvaluationSet("swefaq", [("1", "en fråga")]),)


def row(
    name: str, *, builder: str = "template", licence: str | None = "CC BY 4.0", split: str | None = "train", **fields: Any
) -> Example:
    """An example called `set/name` with a short instruction and response."""
    fields = {
        "language": "sv",
        "task": "question-answering",
        "form": "short",
        "cluster_id": f"document/{name}",
        "origin": Origin(builder=builder, dataset="set", licence=licence),
        **fields,
    }
    instruction = fields.pop("instruction", f"Vad heter sak {name}?")
    response = fields.pop("response", f"Saken heter {name}.")
    return instruction_example(f"set/{name}", instruction, response, split=split, **fields)


def config(**fields: Any) -> BuildConfig:
    """A config of one builder."""
    given: dict[str, Any] = {
        "name": "small",
        "language": "sv",
        "builders": (PluginRef("template", {}),),
        "output": "builds/small",
    }
    return BuildConfig(**{**given, "card": CardOptions(samples=4), **fields})


def made(rows: int = 3, *, name: str = "template", aside: int = 0, complete: bool = True) -> BuiltRows:
    """What a builder has made."""
    return BuiltRows(PluginRef(name, {}), "0" * 16, rows, Counter({"too-short": aside} if aside else {}), complete)


def finish(
    folder: Path,
    examples: Sequence[Example],
    removed: Sequence[SetAside] = (),
    settings: BuildConfig | None = None,
    built: Sequence[BuiltRows] | None = None,
    against: Sequence[EvaluationSet] = AGAINST,
    found: dict[str, Any] | None = None,
    **keywords: Any,
) -> Written:
    """Writes the tables as the stage does, and all that comes of them."""
    settings = config() if settings is None else settings
    with Run.open(folder, config=resolved(settings), command=["harness", "build"]) as run:
        run.write_table("examples", iter(examples))
        run.write_table("removed", iter(removed))
        if found is not None:
            write_found(folder, found)
        many = built if built is not None else [made(len(examples) + len(removed))]
        return write_finished(folder, settings, many, against, lambda what, done, total: None, **keywords)
