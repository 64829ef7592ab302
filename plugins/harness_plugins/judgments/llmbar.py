"""Expert preferences between two answers that follow an instruction or only seem to: 100 natural and 319 adversarial pairs.

Zeng et al., Evaluating Large Language Models at Evaluating Instruction Following (LLMBar), ICLR 2024 (arXiv 2310.07641), in the
schema of JUDGE-BENCH.
"""

from collections.abc import Iterator
from itertools import chain

from harness import hookimpl
from harness.data import find_data
from harness.errors import did_you_mean
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.judge_bench_data import data_files
from harness_plugins.judgments.judge_bench_file import Instance, read_judge_file
from harness_plugins.judgments.judge_bench_records import Judged, records

NAME = "llmbar"
VERSION = "1"
FILES = {"natural": "data/llmbar/data-natural.json", "adversarial": "data/llmbar/data-adversarial.json"}
DATA = data_files(FILES.values(), licence="MIT")
SOURCE = "https://github.com/princeton-nlp/LLMBar"


class LLMBar:
    """Instructions with two outputs and the experts' common verdict. `part`: "natural", "adversarial", or "all" (the default).

    The slice `task` tells where a pair comes from: natural, or adversarial-neighbor, -gptinst, -gptout, -manual.
    """

    def __init__(self, part: str = "all") -> None:
        if part not in (*FILES, "all"):
            raise ValueError(f"part is natural, adversarial or all, got {part!r}.{did_you_mean(str(part), (*FILES, 'all'))}")
        self._parts = tuple(FILES) if part == "all" else (part,)
        self.info = JudgmentInfo(
            name=NAME if part == "all" else f"{NAME}-{part}",
            version=VERSION,
            criteria=("quality_single_turn",),
            primary_rater="rater-1",
            licence=DATA.licence,
            citation="Zeng et al. 2024, Evaluating Large Language Models at Evaluating Instruction Following, ICLR",
            notes=tuple(self._notes()),
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each instruction, its two outputs and the preference, natural ones first."""
        folder = find_data(DATA, NAME)
        origin = Origin(builder=NAME, dataset=SOURCE, licence=DATA.licence)
        files = [read_judge_file(folder / FILES[part]) for part in self._parts]
        yield from chain.from_iterable(
            records(file, [_judged(one) for one in file.instances], {}, prefix=NAME, origin=origin, language="en")
            for file in files
        )

    def _notes(self) -> Iterator[str]:
        yield "the file holds the experts' one common verdict, without ties: raters' agreement cannot be computed from it"
        yield "its two systems are the places a and b: which models wrote the outputs is not in the file"
        if "adversarial" in self._parts:
            yield "adversarial pairs were chosen to mislead judges: they show what a metric falls for, not what it is worth"


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "expert preferences on instruction following: 100 natural and 319 adversarial pairs, English"
    return [JudgmentSourceSpec(NAME, build=LLMBar, version=VERSION, help=help, argument="part", data=DATA)]


def _judged(instance: Instance) -> Judged:
    texts = instance.texts
    return Judged(
        instance=instance,
        item=instance.id,
        outputs=(texts["output_a"], texts["output_b"]),
        instruction=texts["input"],
        # One instruction occurs twice, with other outputs: one draw of the bootstrap.
        cluster=f"{NAME}/{texts['input']}",
        task=instance.id.rpartition("_")[0].lower().replace("_", "-"),
    )
