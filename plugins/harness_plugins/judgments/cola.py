"""Acceptability of 1,043 English sentences from the linguistic literature, as their authors judged it.

Warstadt, Singh & Bowman, Neural Network Acceptability Judgments (CoLA, development set), TACL 2019 (arXiv 1805.12471), in the
schema of JUDGE-BENCH.
"""

import hashlib
from collections.abc import Iterator

from harness import hookimpl
from harness.data import find_data
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.judge_bench_data import data_files
from harness_plugins.judgments.judge_bench_file import read_judge_file
from harness_plugins.judgments.judge_bench_records import Judged, grades, records

NAME = "cola"
VERSION = "1"
FILE = "data/cola/cola.json"
DATA = data_files([FILE], licence="CC0-1.0")
SYSTEM = "literature"
NOTES = (
    "one judgment a sentence (1 acceptable, 0 not), the linguist's who published it: agreement cannot be computed",
    "sentences are no answers and have no reference: this is a set for metrics that need neither, by grouping none",
)


class Cola:
    """Sentences and their authors' word on them: grammaticality 1 for Yes, 0 for No."""

    def __init__(self) -> None:
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=("grammaticality",),
            primary_rater="rater-1",
            licence=DATA.licence,
            citation="Warstadt, Singh & Bowman 2019, Neural Network Acceptability Judgments, TACL 7",
            notes=NOTES,
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each sentence with its judgment, in the file's order; the three sentences that occur twice are a cluster each."""
        file = read_judge_file(find_data(DATA, NAME) / FILE)
        judged = [
            Judged(
                instance=one,
                item=f"{int(one.id):04d}",
                system=SYSTEM,
                outputs=(one.text or "",),
                cluster=f"{NAME}/{hashlib.sha256((one.text or '').encode()).hexdigest()[:16]}",
            )
            for one in file.instances
        ]
        origin = Origin(builder=NAME, dataset="https://nyu-mll.github.io/CoLA/", licence=DATA.licence)
        graded = grades(file, ["No", "Yes"])
        yield from records(file, judged, graded, prefix=NAME, origin=origin, language="en", task="acceptability")


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "acceptability of 1,043 English sentences (CoLA's development set), one system"
    return [JudgmentSourceSpec(NAME, build=Cola, version=VERSION, help=help, data=DATA)]
