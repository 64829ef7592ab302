"""The owner's numbers: progress, agreement so far, speed, who drifts; plain data for the page and for `--json`."""

from typing import Any

from harness.annotate.store import Store


def study_status(store: Store) -> dict[str, Any]:
    """Everything the owner's page shows, as plain values (every figure with its n, None where nothing can be said yet).

    ```
    {"study": str, "generated_at": iso, "items": int, "outputs": int, "tasks_done": int, "tasks_total": int, "answers": int,
     "raters": [{"pseudonym", "consented", "training_done", "training_total", "done", "total", "median_seconds", "n_seconds",
                 "last_answer_at", "checks_failed", "checks_done", "straight_lining": {criterion: {"share", "value", "n"}},
                 "drift": {criterion: {"difference", "n", "early", "n_early", "late", "n_late"}}, "flags": [str]}],
     "agreement": [{"criterion", "form": "rate"|"compare", "alpha_ordinal"|"alpha_nominal", "fleiss_kappa", "n", "raters",
                    "pairwise": [{"a", "b", "exact", "alpha", "n"}]}]}
    ```
    """
    raise NotImplementedError
