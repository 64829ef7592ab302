"""What a finished build leaves for people and other programs: files by split, the data card, the review page."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet

if TYPE_CHECKING:
    from harness.stages.build import BuiltRows

Report = Callable[[str, int, int], None]


def write_finished(
    folder: Path, config: BuildConfig, built: "Sequence[BuiltRows]", against: Sequence[EvaluationSet], report: Report
) -> dict[str, str]:
    """Writes the files and pages out of the tables `examples` and `removed`; their paths by what they are."""
    return {}
