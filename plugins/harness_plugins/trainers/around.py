"""What stands around the learning of a training: how processes share it, by what a checkpoint is chosen, and who is told."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.protocols import Scorer
from harness.records import Example
from harness_plugins.generators.styles import Style
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.trainers.distributed import PARALLEL, Processes
from harness_plugins.trainers.flops import peak
from harness_plugins.trainers.loop import Progress, Settings
from harness_plugins.trainers.reporting import Reporting, check_reporters
from harness_plugins.trainers.selection import LOSS, Choice, Selection, held_out
from harness_plugins.trainers.steps import learning_rate
from harness_plugins.trainers.tokenised import Row


class Around:
    """The settings, checked. Raises ValueError for one that does not fit, and MissingExtra for a report whose package is not
    installed."""

    def __init__(
        self,
        *,
        parallel: str,
        best_by: str | None,
        evaluate_every: int | None,
        patience: int,
        held_out: str,
        held_out_limit: int | None,
        answer_tokens: int,
        report_to: str | Iterable[str] | None,
    ) -> None:
        if parallel not in PARALLEL:
            raise ValueError(f"parallel is one of {', '.join(PARALLEL)}, got {parallel!r}")
        if best_by is None and (patience or evaluate_every is not None):
            raise ValueError("patience and evaluate_every say when best_by looks: give best_by a metric, or loss")
        self.parallel = parallel
        self.choice = (
            None if best_by is None else Choice(best_by, evaluate_every, patience, held_out, held_out_limit, answer_tokens)
        )
        self.report_to = check_reporters(report_to)
        self._scorer: Scorer | None = None
        self._report: Callable[[int, int], None] | None = None

    def use_scorer(self, scorer: Scorer) -> None:
        """Takes what asks the metrics; PluginError for a metric that there is not."""
        self._scorer = scorer
        if self.choice is not None:
            self.choice.higher(scorer)

    def use_report(self, report: Callable[[int, int], None]) -> None:
        """Takes what is told every finished step, and how many there are."""
        self._report = report

    @contextmanager
    def watchers(
        self,
        examples: Sequence[Example],
        prompts: Prompts,
        style: Style,
        folder: Path,
        processes: Processes,
        *,
        how: Settings,
        rows: int,
        longest: int,
        tokenise: Callable[[list[Example]], list[Row]],
        told: Mapping[str, Any],
    ) -> Iterator["Watchers"]:
        """The watchers of one training, told at its end. `rows`: how many there are; `told`: what reports say of the training."""
        selection = None
        if self.choice is not None:
            asked = held_out(examples, self.choice, prompts, style, longest)
            selection = Selection(
                self.choice,
                asked,
                tokenise([example for example, _ in asked.prompts]) if self.choice.metric == LOSS else [],
                self._scorer,
                folder,
                processes,
                prompts=prompts,
                every=self.choice.every or max(1, math.ceil(rows / how.batch)),
                tokens=how.tokens,
                longest=longest,
            )
        with self.watching(selection, folder, processes, how=how, told=told) as watchers:
            yield watchers

    @contextmanager
    def watching(
        self, selection: Selection | None, folder: Path, processes: Processes, *, how: Settings, told: Mapping[str, Any]
    ) -> Iterator["Watchers"]:
        """The watchers of one training that chooses as `selection` does, told at its end."""
        reporting = None
        if self.report_to and processes.rank == 0:
            reporting = Reporting(
                self.report_to,
                folder,
                {**asdict(how), **told},
                rate=lambda step, steps: how.rate * learning_rate(step, steps, how.warmup, how.schedule),
                peak=lambda learner: peak(next(learner.parameters()).device, learner.dtype)[0] * processes.world,
            )
        status = "failed"
        try:
            telling = Telling(self._report) if self._report is not None and processes.rank == 0 else None
            yield Watchers(selection, reporting, telling)
            status = "finished"
        finally:
            if reporting is not None:
                reporting.close(status)


class Telling:
    """A watcher (`loop.Watcher`) that tells how many steps are done."""

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self._report = report

    def on_step(self, learner: Any, progress: Progress) -> bool:
        """Tells the step."""
        self._report(progress.step, progress.total)
        return False


class Watchers:
    """What watches a training: first what looks at held-out examples, then what tells of it."""

    def __init__(self, selection: Selection | None, reporting: Reporting | None, telling: Telling | None = None) -> None:
        self._selection = selection
        self.all = [watcher for watcher in (selection, reporting, telling) if watcher is not None]

    def finish(self, learner: Any, progress: Progress) -> dict[str, Any]:
        """Puts the best weights in place, where there is a choice; facts about it."""
        return {} if self._selection is None else {"held_out": self._selection.finish(learner, progress)}
