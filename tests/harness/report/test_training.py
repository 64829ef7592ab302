"""A training's page, summary and sentences: what it told, escaped, and nothing that it did not tell."""

from pathlib import Path
from typing import Any

import msgspec

from harness.report.training import training_notes, training_report, training_sentences, training_summary, write_training_page
from harness.stages.train import Material, Trained

LOOKS = [{"step": 2, "value": 10.0, "n": 5}, {"step": 4, "value": 30.0, "n": 5}, {"step": 6, "value": 20.0, "n": 5}]
FACTS = {
    "losses": [3.0, 2.5, 2.0, 1.75, 1.5, 1.25],
    "tokens_per_second": 1234.5,
    "mfu": 0.402,
    "peak_memory_bytes": 3 * 2**30,
    "held_out": {"metric": "chrf", "split": "validation", "looks": LOOKS, "best_step": 4, "ended_early": True},
    "notes": ["2 answers lost their end at 2,048 tokens (a/1, <script>alert(1)</script>)"],
    "base": "<img src=x onerror=alert(1)>",
}


def trained(**facts: Any) -> Trained:
    return Trained(
        name="one",
        trainer="sft",
        params={},
        stage="s",
        checkpoint="one/model",
        files={},
        examples={"instruction train": 30},
        facts=facts,
    )


def test_a_training_is_told_in_sentences() -> None:
    assert training_sentences(trained(**FACTS)) == [
        "one: sft on 30 examples, loss 3.000 to 1.250 in 6 steps, 1,234 tokens a second, MFU 40.2%, 3.00 GiB at most.",
        "one: kept what stood behind step 4, with chrf 30 on the split validation, the best of 3 looks, and ended early.",
    ]
    assert training_sentences(trained()) == ["one: sft on 30 examples."]
    learned = msgspec.structs.replace(
        trained(),
        examples={"instruction train": 30, "instruction validation": 10, "instruction no split": 2},
        material=Material(path=None, digest="d", n=42, splits=(None, "train")),
    )
    assert training_sentences(learned) == ["one: sft on 32 examples."]
    assert training_notes(trained(**FACTS))[0].startswith("one: 2 answers lost their end")


def test_the_manifest_keeps_a_curve_of_at_most_200_points_with_its_ends() -> None:
    losses = [float(step) for step in range(1, 1002)]
    curve = training_summary(trained(losses=losses))["loss_curve"]
    assert (len(curve), curve[0], curve[-1]) == (168, [1, 1.0], [1001, 1001.0])
    summary = training_summary(trained(**FACTS))
    assert summary["loss_curve"] == [[step + 1, loss] for step, loss in enumerate(FACTS["losses"])]  # type: ignore[arg-type]
    assert (summary["mfu"], summary["tokens_per_second"], summary["held_out"]["best_step"]) == (0.402, 1234.5, 4)


def test_a_page_shows_both_curves_and_runs_nothing_that_a_trainer_wrote(tmp_path: Path) -> None:
    page = write_training_page(tmp_path, trained(**FACTS)).read_text(encoding="utf-8")
    assert page.count('class="lines"') == 2
    assert "MFU 40.2%" in page
    assert "<img src=x" not in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_facts_of_other_shapes_are_passed_over() -> None:
    odd = trained(losses=["a"], held_out={"looks": [1]}, notes="x", mfu=True, tokens_per_second=None)
    assert training_sentences(odd) == ["one: sft on 30 examples."]
    assert [figure.id for figure in training_report(odd).sections[0].figures] == ["training-facts"]
    assert [figure.id for figure in training_report(trained()).sections[0].figures] == ["none"]
