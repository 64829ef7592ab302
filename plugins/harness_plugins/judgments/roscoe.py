"""Expert judgments of a model's reasoning chains on four data sets: overall quality, coherence, missing steps, contradictions.

Golovneva et al., ROSCOE: A Suite of Metrics for Scoring Step-by-Step Reasoning, ICLR 2023 (arXiv 2212.07919), in the schema of
JUDGE-BENCH. The chains are GPT-3's.
"""

import hashlib
import re
from collections.abc import Iterator

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError, did_you_mean
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Preference, Scale
from harness_plugins.judgments.judge_bench_data import data_files
from harness_plugins.judgments.judge_bench_file import Instance, JudgeFile, read_judge_file
from harness_plugins.judgments.judge_bench_records import Grade, Judged, grades, records

NAME = "roscoe"
VERSION = "1"
PARTS = ("cosmos", "drop", "esnli", "gsm8k")
FILES = {part: f"data/roscoe/roscoe-{part}-overall.json" for part in PARTS}
DATA = data_files(FILES.values(), licence="MIT")
SOURCE = "https://github.com/facebookresearch/ParlAI/tree/main/projects/roscoe"
CRITERIA = ("Overall Quality", "Coherency", "Missing Steps", "Contradiction")
SYSTEM = "gpt-3"

# On "Missing Steps" and "Contradiction" a yes is the bad answer.
_FLAWS = Grade(Scale(low=0, high=1, direction="down"), {"no": 0.0, "yes": 1.0})
_PARTS = re.compile(
    r".*?CONTEXT:\n(?P<context>.*)\n\nGENERATED RESPONSE:\n(?P<chain>.*)\nJudge the generated response:\n", re.DOTALL
)
_SOLVED = re.compile(r"(?P<question>.*)\n\\Solution: (?P<solution>.*)", re.DOTALL)
_CLAIMED = re.compile(
    r"(?P<question>(?P<situation>.*?)\n\nClaim .*)\n\nCorrect Relationship \(Yes or No\): (?P<answer>\w+)", re.DOTALL
)
_SITUATION = 100  # characters that tell one passage from another; the questions on it differ after that


class Roscoe:
    """Reasoning chains and one expert's judgment of each. `part`: "cosmos", "drop", "esnli", "gsm8k", or "all" (the default).

    On gsm8k the data set's own solution is the reference; the other three have none. Chains on one passage are one cluster.
    """

    def __init__(self, part: str = "all") -> None:
        if part not in (*PARTS, "all"):
            raise ValueError(f"part is {', '.join(PARTS)} or all, got {part!r}.{did_you_mean(str(part), (*PARTS, 'all'))}")
        self._parts = PARTS if part == "all" else (part,)
        self.info = JudgmentInfo(
            name=NAME if part == "all" else f"{NAME}-{part}",
            version=VERSION,
            criteria=CRITERIA,
            primary_rater="rater-1",
            licence=DATA.licence,
            citation="Golovneva et al. 2023, ROSCOE: A Suite of Metrics for Scoring Step-by-Step Reasoning, ICLR",
            notes=tuple(self._notes()),
        )

    def read(self) -> Iterator[Example | Output | Judgment | Preference]:
        """Each question with the chain and its ratings, data set by data set in the files' order."""
        folder = find_data(DATA, NAME)
        for part in self._parts:
            file = read_judge_file(folder / FILES[part])
            graded = {name: _FLAWS if file.criteria[name].labels else grade for name, grade in grades(file, None).items()}
            judged = [_judged(file, instance, part) for instance in file.instances]
            origin = Origin(builder=NAME, dataset=SOURCE, licence=DATA.licence)
            yield from records(file, judged, graded, prefix=f"{NAME}/{part}", origin=origin, language="en", task=part)

    def _notes(self) -> Iterator[str]:
        yield "one expert's score a chain: agreement is unknown; on Missing Steps and Contradiction 1 is yes, lower is better"
        yield "one system (GPT-3), so nothing is compared within an item: take grouping none"
        if "gsm8k" in self._parts:
            yield "gsm8k's references are the data set's solutions, which the expert saw too"
        if set(self._parts) - {"gsm8k"}:
            yield "cosmos, drop and esnli have no reference: metrics that need one have no score there"


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "expert judgments of GPT-3's reasoning chains on four data sets, English: roscoe, roscoe:gsm8k"
    return [JudgmentSourceSpec(NAME, build=Roscoe, version=VERSION, help=help, argument="part", data=DATA)]


def _judged(file: JudgeFile, instance: Instance, part: str) -> Judged:
    whole = _PARTS.fullmatch(instance.text or "")
    asked = whole and (_SOLVED if part == "gsm8k" else _CLAIMED).fullmatch(whole["context"])
    if whole is None or asked is None:
        raise InputError(
            f"{file.place(instance)}: its text is not context and response as in ROSCOE; run `harness data get {NAME}`"
        )
    groups = asked.groupdict()
    passage = (groups.get("situation") or groups["question"])[:_SITUATION]
    return Judged(
        instance=instance,
        item=instance.id,
        system=SYSTEM,
        outputs=(whole["chain"],),
        instruction=groups["question"],
        references=(groups["solution"],) if "solution" in groups else (),
        cluster=f"{NAME}/{part}-{hashlib.sha256(passage.encode()).hexdigest()[:16]}",
        meta={"answer": groups["answer"]} if "answer" in groups else {},
    )
