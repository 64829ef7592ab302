"""One real `harness gate` under given circumstances; gate_clean_runs.py starts it in each environment.

    python -P gate_one_run.py --batch own --order listed --executor "this process" [-- what `harness gate` takes]

The gate is the shipped one with its metrics in another order. Batches and executor are no options of the command: they are put
in where the gate asks the metrics.
"""

import argparse
import random
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

WHOLE = 1_000_000  # units in a batch that no set fills: the metric asks for all at once
BATCHES = ("own", "1", "7", "1000")
ORDERS = ("listed", "reversed", "shuffled")
EXECUTORS = ("this process", "two processes")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", choices=BATCHES, default="own")
    parser.add_argument("--order", choices=ORDERS, default="listed")
    parser.add_argument("--executor", choices=EXECUTORS, default="this process")
    parser.add_argument("rest", nargs="*")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gate-run-") as folder:
        config = ordered(chosen.order, Path(folder))
        put_in(chosen.batch, chosen.executor)
        sys.argv = ["harness", "gate", "--config", str(config), *chosen.rest]
        from harness.cli.main import main as harness

        harness()


def ordered(order: str, folder: Path) -> Path:
    """The shipped gate's config with its metrics in that order, in the folder, beside links to the files that it names."""
    import yaml

    from harness.config import find_config

    shipped = find_config("gate/gate.yaml").absolute()
    plain: dict[str, Any] = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    for file in shipped.parent.iterdir():
        if file != shipped:
            (folder / file.name).symlink_to(file)
    if order == "reversed":
        plain["metrics"].reverse()
    elif order == "shuffled":
        random.Random(len(plain["metrics"])).shuffle(plain["metrics"])
    path = folder / shipped.name
    path.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def put_in(batch: str, executor: str) -> None:
    """Has the gate ask metrics in batches of that size, and by that executor. A metric that must see all outputs at once, to say
    that none holds what it was asked for (`recorded`), is asked about all."""
    from harness.executors.choice import make_choice, make_executor
    from harness.gate import measure
    from harness.stages.score_job import Scoring

    real = measure.score
    how = {} if executor == EXECUTORS[0] else {"executor": Scoring(make_executor(make_choice(name="local", workers=2)))}

    def score(data: Any, metrics: Any) -> Any:
        asked = metrics
        if batch != "own":
            asked = [
                one if one.spec.batch_size >= WHOLE else replace(one, spec=replace(one.spec, batch_size=int(batch)))
                for one in metrics
            ]
        return partial(real, **how)(data, asked)

    measure.score = score


if __name__ == "__main__":
    main()
