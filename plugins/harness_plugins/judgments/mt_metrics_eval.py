"""The file tree of mt-metrics-eval: WMT test sets with translations, references, documents, human and recorded metric scores.

Layout: the README of google-research/mt-metrics-eval, "File organization and naming convention". A tree holds one folder per
test set; the tool's own download is about 2 GB, and nothing of it is shipped or fetched here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import hookimpl, named_files
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output
from harness_plugins.judgments.mt_metrics_files import EvalSet, find_eval_set, human_names, metric_names, read_eval_set

NAME = "mt-metrics-eval"
VERSION = "1"


class MtMetricsEval:
    """Segments of one test set and language pair, the systems' translations and what people scored them.

    `folder`: the tree (it holds `wmt23`, …), or the folder of the test set itself; `testset` and `lp` are asked for where there
    are several. `score`: names of human scores (`mqm`, `da-sqm`, or a list), each a criterion of its own; higher is better, as in
    all scores of the tree (MQM penalties are negative there). `reference`: the reference to use, or a list of them.
    `humans`: read the human translations that were scored as systems, too; those used as references are declared to be so.
    `recorded`: "all", or names of recorded metrics (`BLEU-refA`, …), kept with each output as `meta["recorded"]`.
    `level`: segments are the only level whose scores belong to one text.
    Raises InputError naming the file, the line and what there is to choose from.
    """

    def __init__(
        self,
        folder: str | Path,
        testset: str | None = None,
        lp: str | None = None,
        score: str | Sequence[str] | None = None,
        reference: str | Sequence[str] | None = None,
        humans: bool = False,
        recorded: str | Sequence[str] = (),
        level: str = "seg",
    ) -> None:
        if level != "seg":
            raise ValueError(f"level is seg: scores of a whole {level!r} belong to no single text")
        self._place = find_eval_set(Path(folder).expanduser(), testset, lp)
        scores = self._place.choose_scores(_names(score))
        references = self._place.choose_references(_names(reference))
        metrics = metric_names(self._place) if recorded == "all" else _names(recorded)
        self._set = read_eval_set(self._place, scores, references, metrics)
        kept = [system for system in self._set.outputs if humans or system not in self._set.humans]
        self._systems = tuple(kept)
        people = tuple(system for system in kept if system in self._set.humans)
        self.info = JudgmentInfo(
            name=f"{NAME}:{self._place.testset}.{self._place.lp}",
            version=VERSION,
            criteria=tuple(scores),
            reference_systems=tuple(system for system in people if system in references),
            system_sets={"machine": tuple(s for s in kept if s not in people), "human": people} if people else {},
            citation="Freitag et al., the WMT Metrics Shared Tasks, as collected by google-research/mt-metrics-eval",
            notes=tuple(self._notes(humans, scores, metrics)),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each segment, then each system's translation followed by its scores, in the files' order."""
        data, name = self._set, f"{self._place.testset}.{self._place.lp}"
        for number, source in enumerate(data.sources):
            example = self._example(name, number, source)
            yield example
            for system in self._systems:
                recorded = {metric: scores[system][number] for metric, scores in data.recorded.items() if system in scores}
                output = Output(
                    id=f"{example.id}/{system}",
                    example_id=example.id,
                    system=system,
                    text=data.outputs[system][number],
                    meta={"recorded": recorded} if recorded else {},
                )
                yield output
                for criterion, scores in data.scores.items():
                    if system in scores:
                        value = scores[system][number]
                        yield Judgment(output_id=output.id, rater=criterion, criterion=criterion, value=value)

    def _example(self, name: str, number: int, source: str | None) -> Example:
        document = self._set.documents[number] if self._set.documents else None
        references = (texts[number] for texts in self._set.references.values())
        return Example(
            id=f"{name}/{number + 1:04d}",
            kind="instruction",
            language=self._place.target_language,
            task="translation",
            source=source,
            references=tuple(text for text in references if text is not None),
            cluster_id=None if document is None else f"{name}/{document.name}",
            origin=Origin(builder=NAME, dataset=name),
            meta={} if document is None else {"domain": document.domain},
        )

    def _notes(self, humans: bool, scores: Sequence[str], metrics: Sequence[str]) -> Iterator[str]:
        data: EvalSet = self._set
        if not data.documents:
            yield "there is no documents file: segments are resampled as if independent, so intervals are too narrow"
        if data.humans and not humans:
            yield f"human translations are left out: {', '.join(sorted(data.humans))} (humans=true reads them as systems)"
        others = [other for other in human_names(self._place) if other not in scores]
        if others:
            yield f"other human scores: {', '.join(others)}"
        found = metric_names(self._place)
        if found and not metrics:
            yield f"recorded metrics that can be read with recorded=all: {len(found)}, such as {found[0]}"


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "WMT metrics data in mt-metrics-eval's file tree: mt-metrics-eval:FOLDER,testset=wmt23,lp=en-de,score=mqm"
    return [JudgmentSourceSpec(NAME, build=MtMetricsEval, version=VERSION, help=help, argument="folder", reads=named_files)]


def _names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(str(name) for name in value)
