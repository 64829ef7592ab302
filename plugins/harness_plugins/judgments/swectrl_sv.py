"""Human error annotation of Swedish generated texts: 384 texts of 8 types by GPT-3, SweCTRL-Mini and systems not named.

Kalpakchi & Boye, SweCTRL-Mini: a data-transparent Transformer-based large language model for controllable text generation in
Swedish, 2023 (arXiv 2304.13994). One person marked the errors of each text; which system wrote a text was not published.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError
from harness.protocols import DataFiles, JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Scale, Span
from harness_plugins.judgments.swectrl_files import (
    GPT3,
    REMEDY,
    SWECTRL,
    UNATTRIBUTED,
    AnnotatedText,
    ErrorLabel,
    Prompt,
    read_texts,
)

NAME = "swectrl-sv"
VERSION = "1"
COMMIT = "85a662981abcf0c6f9ede98ce2d89e4a22cac67a"
DATA = DataFiles(
    folder="swectrl-mini-human-eval",
    base_url=f"https://raw.githubusercontent.com/dkalpakchi/SweCTRL-Mini/{COMMIT}",
    files={
        "LICENSE": "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
        "human_eval/eval_results.zip": "2d185784f21545b399308687c93370589c6715236168d5ea011606cda6275eed",
        "human_eval/generated_gpt3.zip": "dd27f270c1e224db3e1c9b1ce3e51888dbd17f207a4e754ea5a076e23eb672db",
        "human_eval/generated_swectrl.zip": "886a0e32015fd333a79e13c6ba3b2bf8a22ada5d909096c6231e5c00c8efc310",
        "human_eval/prompts.yaml": "b4363a691dda9040f07a485985e69bf552c28dcf7f204308d574592491c07561",
    },
    licence="Apache-2.0",
    source="https://github.com/dkalpakchi/SweCTRL-Mini",
)

COUNTS = {  # criterion: the marker whose spans it counts
    "grammatical-errors": "Grammatical error",
    "vocabulary-errors": "Vocabulary error",
    "factual-errors": "Factual error",
}
REMARKS = {"topic-shift": "Topic shift", "stylistic-error": "Stylistical error", "other-errors": "Other errors"}
TOTAL, KINDS, CORRECT = "errors", "error-kinds", "fully-correct"
CRITERIA = (*COUNTS, TOTAL, *REMARKS, KINDS, CORRECT)
NOT_THE_SYSTEMS = "Formatting errors -- because of bug in the code"  # of the evaluation, says the rater
MOST_OFF = 5  # characters between a mark's offset and its words
YES_NO = {False: Scale(low=0, high=1, direction="down"), True: Scale(low=0, high=1)}  # by whether a mark is praise


class SwectrlSv:
    """Texts that continue a prompt, the errors that a person marked in them, and counts of these per text.

    Criteria, all but the last with few errors as the good end: `grammatical-errors`, `vocabulary-errors`, `factual-errors`
    (marked spans; the spans themselves are judgments of the same criterion), `errors` (their sum); `topic-shift`,
    `stylistic-error`, `other-errors` (1 where remarked, else 0); `error-kinds` (how many of these six kinds, 0 to 6);
    `fully-correct` (1 where the rater said so).
    `systems`: "all", or "attributed" to leave out the texts whose system is not known. Those that stay are called
    `unattributed` and are never compared as if one system had written them.
    """

    def __init__(self, systems: str = "all") -> None:
        if systems not in ("all", "attributed"):
            raise ValueError(f"systems is all or attributed, got {systems!r}")
        self._everything = systems == "all"
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=CRITERIA,
            unknown_systems=(UNATTRIBUTED,) if self._everything else (),
            system_sets={"attributed": (GPT3, SWECTRL)} if self._everything else {},
            licence=DATA.licence,
            citation="Kalpakchi & Boye 2023, SweCTRL-Mini, arXiv 2304.13994",
            notes=tuple(_notes(self._everything)),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each prompt of a text type, then its texts with their judgments, in the files' order."""
        texts = read_texts(find_data(DATA, NAME) / "human_eval")
        texts = [text for text in texts if self._everything or text.system != UNATTRIBUTED]
        scales = _scales(texts)
        by_prompt: dict[Prompt, list[AnnotatedText]] = {}
        for text in texts:
            by_prompt.setdefault(text.prompt, []).append(text)
        seen: Counter[str] = Counter()
        for prompt, own in by_prompt.items():
            seen[prompt.text_type] += 1
            example = _example(prompt, seen[prompt.text_type])
            yield example
            yield from _outputs(example, own, scales)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human error annotation of Swedish generated texts: 384 texts of 8 types, no references"
    return [JudgmentSourceSpec(NAME, build=SwectrlSv, version=VERSION, help=help, data=DATA)]


def _notes(everything: bool) -> Iterator[str]:
    yield "no references: metrics that need one cannot be judged here"
    yield "one person marked each text, in two parts (p0, p1): agreement is unknown, and some items mix the parts"
    yield "gpt-3 wrote half as many words as the others, so minus-length is the sentinel to beat, and counts grow with length"
    yield "a text that lost its topic may hold few marks: read errors beside error-kinds"
    if everything:
        yield "192 of 384 texts have no known system (unattributed): compared within their prompt, never as a system"


def _scales(texts: Sequence[AnnotatedText]) -> dict[str, Scale]:
    """From no error to the largest count that occurs; a scale needs an end, and no rule gives one."""
    counts = [_counts(text) for text in texts]
    return {
        criterion: Scale(low=0, high=max([1, *(count[criterion] for count in counts)]), direction="down")
        for criterion in (*COUNTS, TOTAL)
    } | {KINDS: Scale(low=0, high=len(COUNTS) + len(REMARKS), direction="down")}


def _example(prompt: Prompt, number: int) -> Example:
    return Example.from_instruction(
        f"{NAME}/{prompt.text_type}-{number}",
        prompt.instruction,
        language="sv",
        task=prompt.text_type,
        # Text types share prompts, and texts that begin alike are not independent draws.
        cluster_id=f"{NAME}/{hashlib.sha256(prompt.text.encode()).hexdigest()[:16]}",
        origin=Origin(builder=NAME, dataset=DATA.source, licence=DATA.licence),
        meta={"prompt_kind": prompt.kind},
    )


def _outputs(example: Example, texts: Sequence[AnnotatedText], scales: Mapping[str, Scale]) -> Iterator[Output | Judgment]:
    samples: Counter[str] = Counter()
    for text in texts:
        sample = samples[text.system]
        samples[text.system] += 1
        output = Output(
            id=f"{example.id}/{text.system}-{sample + 1}",
            example_id=example.id,
            system=text.system,
            sample=sample,
            text=text.text,
            meta={"part": text.part, "number": text.number},
        )
        yield output
        yield from _judgments(output.id, text, scales)


def _judgments(output_id: str, text: AnnotatedText, scales: Mapping[str, Scale]) -> Iterator[Judgment]:
    def judgment(criterion: str, value: float, scale: Scale, note: str | None = None) -> Judgment:
        return Judgment(output_id=output_id, rater=text.part, criterion=criterion, value=value, scale=scale, note=note)

    counts = _counts(text)
    for criterion in (*COUNTS, TOTAL):
        yield judgment(criterion, counts[criterion], scales[criterion])
    criteria = {marker: criterion for criterion, marker in COUNTS.items()}
    for label in text.annotation.labels:
        yield Judgment(
            output_id=output_id,
            rater=text.part,
            criterion=criteria[label.marker.name],
            value=label.marker.name,
            span=_span(text, label),
        )
    for criterion in REMARKS:
        yield judgment(criterion, counts[criterion], YES_NO[False], _remark(text, REMARKS[criterion]))
    yield judgment(KINDS, counts[KINDS], scales[KINDS])
    yield judgment(CORRECT, int(_remark(text, "Fully correct") is not None), YES_NO[True])


def _counts(text: AnnotatedText) -> dict[str, int]:
    """Every number of a text but `fully-correct`."""
    marked = Counter(label.marker.name for label in text.annotation.labels)
    counts = {criterion: marked[marker] for criterion, marker in COUNTS.items()}  # type: ignore[index]  # markers are strings
    kinds = {**counts, **{criterion: int(_is_error(_remark(text, marker))) for criterion, marker in REMARKS.items()}}
    return {**kinds, TOTAL: sum(counts.values()), KINDS: sum(count > 0 for count in kinds.values())}


def _remark(text: AnnotatedText, marker: str) -> str | None:
    """What the rater wrote under a marker, or None where it was not used."""
    found = [remark.content for remark in text.annotation.inputs if remark.marker.name == marker]
    return "\n".join(found) if found else None


def _is_error(remark: str | None) -> bool:
    return remark is not None and any(line.strip() not in ("", NOT_THE_SYSTEMS) for line in remark.split("\n"))


def _span(text: AnnotatedText, label: ErrorLabel) -> Span:
    """Where the marked words stand; a few offsets in the files lie up to three characters beside them."""
    words = label.text
    around = range(max(0, label.start - MOST_OFF), label.start + MOST_OFF + 1)
    places = [place for place in around if words and text.text.startswith(words, place)]
    if not places:
        where = f"{NAME}: {text.part}, text {text.number}"
        raise InputError(f"{where}: the marked words {words!r:.60} do not stand at character {label.start}; {REMEDY}")
    start = min(places, key=lambda place: abs(place - label.start))
    return Span(start=start, end=start + len(words))
