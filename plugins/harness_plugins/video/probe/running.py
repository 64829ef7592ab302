"""Probes checkpoints that there are: each is asked once, what it says is kept, and a page says what it means."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.experiment_examples import read_examples
from harness.report.kept_sections import leave_section
from harness_plugins.video.probe.analysis import Analysis, analyse
from harness_plugins.video.probe.arms import check_arms
from harness_plugins.video.probe.asking import asked, check_same_tokenizer, check_trained, check_video_part, parameters_by_size
from harness_plugins.video.probe.beside import gallery
from harness_plugins.video.probe.conditions import strangers
from harness_plugins.video.probe.config import ModelAt, ProbeRun, as_plain
from harness_plugins.video.probe.inputs import examples_digest, model_digest, occurrences_digest, tokens_digest
from harness_plugins.video.probe.page import page, write_pages
from harness_plugins.video.probe.page import section as as_section
from harness_plugins.video.probe.page_checkpoints import checkpoints
from harness_plugins.video.probe.results import NAME, Answers, Asked, read_answers, write_answers
from harness_plugins.video.probe.subject import Subject, subject_of
from harness_plugins.video.probe.told import warnings
from harness_plugins.video.store import VideoTokens

SECTION = "imageability-probe"


def run_probe(
    run: ProbeRun,
    folder: Path,
    *,
    device: str = "auto",
    section: Path | None = None,
    report: Callable[..., None] | None = None,
) -> tuple[tuple[Path, Path], Analysis]:
    """Writes `probe.parquet`, page.md, page.html and summary.json into the folder; (the pages, the analysis).

    `section`: the folder of a run, for whose report a section is left. InputError where data, tokens or a checkpoint cannot be
    used, where the checkpoints' tokenizers differ, and where a size has no model with video and one without.
    """
    subject, tokens = check(run)
    asks = _asks(subject, tokens)
    answers: dict[Asked, Answers] = {}
    for place, at in enumerate(run.models):
        kept = folder / "asked" / f"{_digest(run, at, asks)}.parquet"
        if kept.is_file():
            found = read_answers([kept], subject.occurrences)
        else:
            told = None if report is None else (lambda done, total, at=at: report(f"asking {at.name}", done, total))
            found = asked(at, subject, run.probe, tokens, device=device, report=told)
            write_answers(kept, subject.occurrences, found)
        answers |= found
        if report is not None:
            report("checkpoints", place + 1, len(run.models))
    analysis = analyse(answers, subject, run.statistics, parameters_by_size(run.models))
    write_answers(folder / NAME, subject.occurrences, answers)  # behind what may be refused: an earlier probe's stays till then
    shown = gallery(analysis, answers, subject, run.statistics.named, _beside(run.data))
    subtitle = (
        f"{len(run.models)} checkpoints on {run.data}; {analysis.words} words of {subject.norms.name}, {analysis.occurrences:,} "
        f"occurrences in {analysis.examples:,} texts"
    )
    report_page = page(run.name, subtitle, analysis, shown, as_plain(run), [checkpoints(run.models)])
    written = write_pages(report_page, analysis, folder)
    if section is not None:
        leave_section(section, SECTION, as_section(analysis, shown), tuple(warnings(analysis)))
    return written, analysis


def check(run: ProbeRun) -> tuple[Subject, VideoTokens]:
    """What would be asked, and the video tokens, all of which are read; nothing is computed. Raises as `run_probe` does."""
    from harness_plugins.video.model.sequences import check_readable

    check_arms(run.models)
    tokens = VideoTokens(run.tokens)
    for one in run.models:
        check_trained(one)
        check_video_part(one, tokens)
    check_same_tokenizer(run.models)
    subject = subject_of(read_examples(run.data), run.probe, run.data)
    if "shuffled" in (*run.probe.shown, *(one.trained for one in run.models)):
        strangers(list(subject.examples.values()), run.probe.seed)
    if any(one.trained != "none" for one in run.models):
        check_readable(subject.examples.values(), tokens)
    return subject, tokens


def _beside(data: str) -> Path:
    """Where relative addresses of videos begin."""
    path = Path(data).expanduser()
    return path if path.is_dir() else path.parent


def _digest(run: ProbeRun, at: ModelAt, asks: str) -> str:
    """Changes with the checkpoint's content, what it is compared as, and what it is asked and shown (`asks`: of that)."""
    told = [at.size, at.seed, at.trained, run.probe.shown, run.probe.how, run.probe.seed, model_digest(at.path), asks]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:24]


def _asks(subject: Subject, tokens: VideoTokens) -> str:
    """Changes with the probed texts and their spans of video, the words in them, and the video tokens that are shown."""
    examples = subject.examples.values()
    return f"{examples_digest(examples)} {tokens_digest(tokens, examples)} {occurrences_digest(subject.occurrences)}"
