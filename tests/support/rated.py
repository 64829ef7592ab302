"""A rating study whose raters have said what a test wants them to say."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rating_study import write_study

from harness.annotate.contents import Step
from harness.annotate.store import Store, open_store
from harness.annotate.study_file import load_study

Say = Callable[[Step], Any]


def rated(folder: Path, says: Mapping[str, Say], *, seconds: Callable[[Step], float | None] | None = None, **study: Any) -> Store:
    """A study in which each named rater answers every task with what `says` gives for it.

    A rating is one value for all criteria or a mapping; for a comparison it is the output id that wins, or "tie".
    """
    path = write_study(folder, **{"raters": list(says), **study})
    store = open_store(load_study(path), str(folder / "rated.sqlite"))
    for pseudonym, say in says.items():
        rater = store.record_consent(store.rater(pseudonym))
        for task, step in zip(store.tasks_of(rater), store.steps(rater), strict=True):
            said = say(step)
            if step.form == "compare" and said in step.outputs:
                said = "first" if said == step.outputs[0] else "second"
            answers = said if isinstance(said, Mapping) else dict.fromkeys(task.criteria, said)
            spent = None if seconds is None else seconds(step)
            store.save_answer(rater, task.id, answers, client_id=f"client-{task.id}", seconds=spent)
    return store
