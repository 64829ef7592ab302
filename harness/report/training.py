"""What a training tells of itself, whatever the trainer was: its losses, how fast it was, what it kept and why, what it left out.

Trainers say what they like in `facts` (`harness.stages.train.FACTS`); shown are those that have these names and these shapes:
`losses` (one a step), `held_out` (`metric`, `split`, `looks` of `step`, `value` and `n`, `best_step`), `notes` (sentences),
`tokens_per_second`, `mfu`, `peak_memory_bytes`, and every other number or word in a table.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from harness.report.contents import DataTable, Figure, LinePlot, Report, Section, Series, TableColumn, Words
from harness.report.html.page import render
from harness.report.texts import cleaned
from harness.stages.train import Trained
from harness.whole_files import replace_file

_POINTS = 200  # of a curve in a manifest
_WORDS = 200  # characters of a fact
_SPEED = ("tokens_per_second", "mfu", "peak_memory_bytes", "seconds", "steps", "parameters", "device")


def training_summary(trained: Trained) -> dict[str, Any]:
    """What a run's manifest keeps of a training: the loss curve in 200 points at most, speed, memory, and what was kept."""
    facts = trained.facts
    losses = _numbers(facts.get("losses"))
    found: dict[str, Any] = {"checkpoint": trained.checkpoint, "stage": trained.stage, "examples": trained.examples}
    if losses:
        spread = max(1, -(-len(losses) // _POINTS))
        places = sorted({*range(0, len(losses), spread), len(losses) - 1})
        found["loss_curve"] = [[place + 1, losses[place]] for place in places]
    found |= {key: facts[key] for key in _SPEED if isinstance(facts.get(key), (int, float, str))}
    looks = _looks(facts)
    if looks is not None:
        held_out = facts["held_out"]
        found["held_out"] = {key: held_out.get(key) for key in ("metric", "split", "looks", "best_step", "ended_early")}
    return found


def training_figures(trained: Sequence[Trained]) -> Iterator[Figure]:
    """Loss curves, values on held-out examples with the step that was kept, and a table of what trainings say."""
    curves = [(one.name, _numbers(one.facts.get("losses"))) for one in trained]
    series = [Series(label=name, x=tuple(map(float, range(1, len(y) + 1))), y=tuple(y)) for name, y in curves if y]
    if series:
        yield LinePlot(
            id="losses",
            title="Loss",
            caption="Mean loss (nats) of the learned tokens of each step.",
            x_label="step",
            y_label="loss",
            series=tuple(series),
        )
    for one in trained:
        yield from held_out_figures(one)
    rows = [(one.name, key.replace("_", " "), value) for one in trained for key, value in _plain(one.facts)]
    if rows:
        yield DataTable(
            id="training-facts",
            title="Facts",
            caption="What each training says of itself. Peak memory is in bytes; MFU is the share of the device's arithmetic "
            "that the model needed.",
            columns=(TableColumn(name="training"), TableColumn(name="what"), TableColumn(name="value", sentence=True)),
            rows=tuple(rows),
        )


def held_out_figures(trained: Trained) -> Iterator[Figure]:
    """The values of one training on held-out examples, the step that was kept being marked; nothing where it chose by none."""
    looks = _looks(trained.facts)
    if looks is None:
        return
    steps = [float(step) for step, _ in looks]
    best = trained.facts["held_out"].get("best_step")
    metric, split = (str(trained.facts["held_out"].get(key))[:_WORDS] for key in ("metric", "split"))
    yield LinePlot(
        id=f"held-out-{trained.name}",
        title=f"{metric} on held-out examples: {trained.name}",
        caption=f"On the split {split}, seen for the choice of the checkpoint: no estimate of how good the model is. The mark is "
        "what was kept.",
        x_label="step",
        y_label=metric,
        series=(
            Series(
                label=trained.name,
                x=tuple(steps),
                y=tuple(value for _, value in looks),
                chosen=steps.index(float(best)) if isinstance(best, (int, float)) and float(best) in steps else None,
            ),
        ),
    )


def training_sentences(trained: Trained) -> list[str]:
    """A training in a sentence or two, and what it left out."""
    facts = trained.facts
    losses = _numbers(facts.get("losses"))
    parts = [f"{trained.name}: {trained.trainer} on {_learned(trained):,} examples"]
    if losses:
        parts.append(f"loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses):,} steps")
    speed = _number(facts.get("tokens_per_second"))
    if speed is not None:
        parts.append(f"{speed:,.0f} tokens a second")
    mfu = _number(facts.get("mfu"))
    if mfu is not None:
        parts.append(f"MFU {mfu:.1%}")
    memory = _number(facts.get("peak_memory_bytes"))
    if memory is not None:
        parts.append(f"{memory / 2**30:.2f} GiB at most")
    found = [", ".join(parts) + "."]
    looks = _looks(facts)
    if looks is not None:
        held_out = facts["held_out"]
        best = next((value for step, value in looks if step == held_out.get("best_step")), None)
        early = ", and ended early" if held_out.get("ended_early") is True else ""
        if best is not None:
            found.append(
                f"{trained.name}: kept what stood behind step {held_out['best_step']:,}, with {held_out.get('metric')} "
                f"{best:.4g} on the split {held_out.get('split')}, the best of {len(looks):,} looks{early}."
            )
    return found


def training_notes(trained: Trained) -> list[str]:
    """What a trainer wants its user to know."""
    notes = trained.facts.get("notes")
    return [f"{trained.name}: {note}" for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def training_report(trained: Trained) -> Report:
    """One training as a report. Its texts are safe to show once escaped."""
    shown = msgspec.structs.replace(trained, facts={key: value for key, value in trained.facts.items() if key != "losses"})
    record = msgspec.json.format(msgspec.json.encode(shown, order="sorted"), indent=2).decode()
    figures = tuple(training_figures([trained])) or (Words(id="none", title="Facts", paragraphs=("It says nothing of itself.",)),)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in trained.examples.items())
    return cleaned(
        Report(
            title=f"Training: {trained.name}",
            subtitle=f"{trained.trainer}; {kinds}",
            answer=tuple(training_sentences(trained)),
            warnings=tuple(training_notes(trained)),
            sections=(Section(id="training", title="Training", figures=figures),),
            manifest=record,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def write_training_page(folder: Path, trained: Trained) -> Path:
    """Writes the page of a training beside its record, `NAME.html`, and returns its path."""
    path = folder / f"{trained.name}.html"
    replace_file(path, render(training_report(trained)).encode())
    return path


def _learned(trained: Trained) -> int:
    """How many examples it learned from."""
    splits = trained.material.splits if trained.material is not None else None
    if splits is None:
        return sum(trained.examples.values())
    names = {split or "no split" for split in splits}
    return sum(count for kind, count in trained.examples.items() if kind.partition(" ")[2] in names)


def _looks(facts: Mapping[str, Any]) -> list[tuple[int, float]] | None:
    """(step, value) of every look at held-out examples; None where there are none of that shape."""
    held_out = facts.get("held_out")
    looks = held_out.get("looks") if isinstance(held_out, dict) else None
    if not isinstance(looks, list) or not looks or not all(isinstance(look, dict) for look in looks):
        return None
    pairs = [(look.get("step"), _number(look.get("value"))) for look in looks]
    known = [(step, value) for step, value in pairs if isinstance(step, int) and value is not None]
    return known if len(known) == len(pairs) else None


def _plain(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in facts.items():
        if isinstance(value, bool):
            yield key, "yes" if value else "no"
        elif isinstance(value, int):
            yield key, f"{value:,}"
        elif isinstance(value, float):
            yield key, f"{value:,.6g}"
        elif isinstance(value, str):
            yield key, value[:_WORDS]


def _numbers(value: Any) -> list[float]:
    """The list as floats where it is one of numbers; empty otherwise."""
    if not isinstance(value, list) or any(_number(one) is None for one in value):
        return []
    return [float(one) for one in value]


def _number(value: Any) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)
