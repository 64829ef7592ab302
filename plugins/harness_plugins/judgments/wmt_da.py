"""Human ratings of English-German machine translation: WMT23, 557 paragraphs, 12 systems, DA+SQM from 0 to 100.

Kocmi et al., Findings of the 2023 Conference on Machine Translation (WMT23), WMT 2023; files as in JUDGE-BENCH (Bavaresco et
al. 2024). These are direct assessments, not MQM: the metrics task's primary numbers of that year do not apply.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError
from harness.protocols import DataFiles, JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Scale
from harness_plugins.judgments.segment_files import read_scores, read_segments

NAME = "wmt-da"
VERSION = "1"
CRITERION = "da-sqm"
RATER = "wmt23"
REFERENCE = "refA"
SCALE = Scale(low=0, high=100)
COMMIT = "5a0bf500325029efb5dc8adff2c1e991996f0e78"
ROOT = "data/wmt-23/original_data"
SYSTEMS = {  # system: sha256 of its file
    "AIRC": "f3edbb9117e25e94edfcfff9f61070871bacfa3d8feed31026f872cd49abe7af",
    "GPT4-5shot": "426a5e294296848671af529801264a5730dc2fc942b43d930ee019a7a816524e",
    "Lan-BridgeMT": "0420a9c4462f52ae99723d4282ba4c0f360e4da806b6ea12aade6d8c04ec23b8",
    "NLLB_Greedy": "c57f9452f5b7e081fd5d235cad470c4d27360d392da4ce2fdce18d70deba986a",
    "NLLB_MBR_BLEU": "c21f961f6f08c2117e345cb16c571ecc4d5aa9e7c2f314f8cffdd9f05dbdf0a1",
    "ONLINE-A": "0ccda29c7e09e092ecfcd205f499f894e009d4952060d1abc1d2e01cd1cb69c5",
    "ONLINE-B": "6b1e0a36a54f22c5ea97b1fcf86e6a5cb0a61789483858ca01c78e8d4fcd5164",
    "ONLINE-G": "34f82b2954aa613dc5c70826cf835569bf6361af103a71381c5447256c1996c9",
    "ONLINE-M": "0c9982a6c921d2662d6b7d9a2b9d7b9af3035366a977ffd64b395f64c282f1c4",
    "ONLINE-W": "1c47c7cf1528f6a0a144413350fc20988dac3de7e3f50ae016ea9ba16705c966",
    "ONLINE-Y": "1017ad82da4bdc6409050ec3225fb3a9d2567f016d7aa164abfc80119c5b5d4f",
    "ZengHuiMT": "0ac378c36ecb9e50bb0659b6694ef104dd0e43e0a94680af2a8efe11725ce41b",
}
DATA = DataFiles(
    folder="wmt23-ende-da-sqm",
    base_url=f"https://raw.githubusercontent.com/dmg-illc/JUDGE-BENCH/{COMMIT}",
    files={
        f"{ROOT}/LICENSE": "58d1e17ffe5109a7ae296caafcadfdbe6a7d176f0bc4ab01e12a689b0499d8bd",
        f"{ROOT}/en-de_source.txt": "097b5ccf5552f62c052bad7878caeeec2d3db431c02076fbfe1fd057fb272eef",
        f"{ROOT}/en-de_ref.txt": "b02877fdc8050e73d18bdcb5a31779ccb51028b30bd33e5c59e813130c5508b2",
        f"{ROOT}/en-de_score.txt": "55008f5efc288d17a45e2d7437e7dafb5a7bf6d0d202380190cd159f3556065e",
        f"{ROOT}/en-de/{REFERENCE}.txt": "b02877fdc8050e73d18bdcb5a31779ccb51028b30bd33e5c59e813130c5508b2",
        **{f"{ROOT}/en-de/{system}.txt": sha256 for system, sha256 in SYSTEMS.items()},
    },
    licence="Apache-2.0",
    source="https://github.com/dmg-illc/JUDGE-BENCH",
)


class WmtDa:
    """Paragraphs, their human translation (the reference), translations of 12 systems and a DA+SQM score of each.

    `humans`: read the reference's own ratings too; `refA` is then a system that is declared to be the reference, so that
    metrics that use the reference leave it out. Default: the 12 systems only.
    """

    def __init__(self, humans: bool = False) -> None:
        self._systems = (*SYSTEMS, REFERENCE) if humans else tuple(SYSTEMS)
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=(CRITERION,),
            primary_rater=RATER,
            reference_systems=(REFERENCE,) if humans else (),
            system_sets={"machine": tuple(SYSTEMS), "human": (REFERENCE,)} if humans else {},
            licence=DATA.licence,
            citation="Kocmi et al. 2023, Findings of the 2023 Conference on Machine Translation (WMT23), WMT",
            notes=tuple(_notes(humans)),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each paragraph, then each system's translation followed by its rating, in the files' order."""
        folder = find_data(DATA, NAME) / ROOT
        sources = read_segments(folder / "en-de_source.txt")
        references = read_segments(folder / "en-de_ref.txt", len(sources))
        texts = {system: read_segments(folder / "en-de" / f"{system}.txt", len(sources)) for system in self._systems}
        scores = read_scores(folder / "en-de_score.txt", len(sources))
        _check_rated(folder / "en-de_score.txt", scores, self._systems)
        for number, (source, reference) in enumerate(zip(sources, references, strict=True)):
            example = Example(
                id=f"{NAME}/{number + 1:03d}",
                kind="instruction",
                language="de",
                task="translation",
                source=source,
                references=() if reference is None else (reference,),
                # A paragraph that occurs twice is one draw of the bootstrap, so the cluster is named by its text.
                cluster_id=f"{NAME}/{hashlib.sha256((source or '').encode()).hexdigest()[:16]}",
                origin=Origin(builder=NAME, dataset=DATA.source, licence=DATA.licence),
                meta={"source_language": "en"},
            )
            yield example
            for system in self._systems:
                output = Output(id=f"{example.id}/{system}", example_id=example.id, system=system, text=texts[system][number])
                yield output
                value = scores[system][number]
                yield Judgment(output_id=output.id, rater=RATER, criterion=CRITERION, value=value, scale=SCALE)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human ratings (DA+SQM) of English-German translation, WMT23: 557 paragraphs, 12 systems"
    return [JudgmentSourceSpec(NAME, build=WmtDa, version=VERSION, help=help, data=DATA)]


def _notes(humans: bool) -> Iterator[str]:
    yield "DA+SQM, not MQM: numbers published on WMT23's MQM ratings do not apply"
    yield "a score may be the mean of several people, who are not named; 8 of 557 paragraphs are not rated"
    yield "no file says which document a paragraph comes from: they are resampled as if independent, intervals are too narrow"
    yield "equal outputs on a paragraph are often scored differently: no metric can follow that"
    if not humans:
        yield "the human translation was rated too; it is the reference here (humans=true reads it as a system)"


def _check_rated(path: Path, scores: dict[str, list[float | None]], systems: tuple[str, ...]) -> None:
    absent = [system for system in systems if system not in scores]
    if absent:
        raise InputError(
            f"{path}: no scores of {', '.join(absent)}; run `harness data check {NAME}` and `harness data get {NAME}`"
        )
