"""Reading mt-metrics-eval's file tree: one test set and language pair of it, checked against itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError, did_you_mean
from harness_plugins.judgments.segment_files import read_scores, read_segments

Texts = list[str | None]
Scores = Mapping[str, Sequence[float | None]]
_SEGMENT = ".seg.score"
_TEXTS = (".txt", ".jsonl")


@dataclass(frozen=True)
class Place:
    """A test set and language pair in a tree; `folder` holds `sources`, `references`, `system-outputs` …"""

    folder: Path
    testset: str
    lp: str

    @property
    def target_language(self) -> str:
        """BCP-47 tag of the translations: what follows the first hyphen, `sr_Cyrl_RS` written `sr-Cyrl-RS`."""
        return self.lp.partition("-")[2].replace("_", "-")

    def choose_scores(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The human scores asked for, or the only ones there are."""
        return self._choose("human scores of segments", "score", wanted, human_names(self))

    def choose_references(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The references asked for, or the only one there is; none where the tree has none."""
        found = reference_names(self)
        return () if not wanted and not found else self._choose("references", "reference", wanted, found)

    def _choose(self, what: str, parameter: str, wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
        for name in wanted:
            if name not in found:
                raise InputError(f"{self.folder}: {self.lp} has no {what} {name!r}.{did_you_mean(name, found)}")
        if wanted:
            return tuple(wanted)
        if len(found) != 1:
            there = f"has several {what}: {', '.join(found)}; choose with {parameter}=NAME" if found else f"has no {what}"
            raise InputError(f"{self.folder}: {self.lp} {there}")
        return tuple(found)


@dataclass(frozen=True)
class Document:
    domain: str
    name: str


@dataclass(frozen=True)
class EvalSet:
    """One test set and language pair. Texts and scores stand in segment order; `documents` is empty where there are none.

    `humans` are outputs that bear a reference's name; `recorded`: metric → system → one score a segment.
    """

    sources: Texts
    references: dict[str, Texts]
    outputs: dict[str, Texts]
    humans: frozenset[str]
    documents: tuple[Document, ...]
    scores: dict[str, Scores]
    recorded: dict[str, Scores]


def find_eval_set(folder: Path, testset: str | None, lp: str | None) -> Place:
    """The test set and language pair in a tree, or in the folder of a test set; says what there is where one must be chosen."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give that of mt-metrics-eval's data, or of one test set in it")
    if (folder / "sources").is_dir():
        if testset not in (None, folder.name):
            raise InputError(f"{folder}: this is the folder of the test set {folder.name!r}, not {testset!r}: leave testset out")
        inside, testset = folder, folder.name
    else:
        found = sorted(path.name for path in folder.iterdir() if (path / "sources").is_dir())
        testset = _pick(folder, "test set", "testset", testset, found)
        inside = folder / testset
    pairs = sorted({path.stem for path in _text_files(inside / "sources")})
    return Place(inside, testset, _pick(inside, "language pair", "lp", lp, pairs))


def human_names(place: Place) -> tuple[str, ...]:
    """Names of the human scores of segments, sorted."""
    return tuple(sorted(_names(place.folder / "human-scores", f"{place.lp}.", _SEGMENT)))


def metric_names(place: Place) -> tuple[str, ...]:
    """Full names of the metrics with recorded scores of segments (`BLEU-refA`), sorted."""
    return tuple(sorted(_names(place.folder / "metric-scores" / place.lp, "", _SEGMENT)))


def reference_names(place: Place) -> tuple[str, ...]:
    """Names of the references, sorted."""
    return tuple(sorted(_reference_files(place)))


def read_eval_set(place: Place, scores: Sequence[str], references: Sequence[str], metrics: Sequence[str]) -> EvalSet:
    """The set with the human scores, references and recorded metrics named. Raises InputError naming the file and the line."""
    source_file = next(path for path in _text_files(place.folder / "sources") if path.stem == place.lp)
    sources = read_segments(source_file, field="source")
    size = len(sources)
    folder = place.folder / "system-outputs" / place.lp
    outputs = {path.stem: read_segments(path, size, "hypothesis") for path in _text_files(folder)}
    if not outputs:
        raise InputError(f"{folder}: there are no system outputs (NAME.txt)")
    files = _reference_files(place)
    known = metric_names(place)
    for metric in metrics:
        if metric not in known:
            raise InputError(f"{place.folder}: {place.lp} has no recorded metric {metric!r}.{did_you_mean(metric, known)}")
    return EvalSet(
        sources=sources,
        references={name: read_segments(files[name], size, "target") for name in references},
        outputs=outputs,
        humans=frozenset(outputs) & frozenset(files),
        documents=_documents(place.folder / "documents" / f"{place.lp}.docs", size),
        scores={name: _scores(place.folder / "human-scores" / f"{place.lp}.{name}{_SEGMENT}", size, outputs) for name in scores},
        recorded={
            name: _scores(place.folder / "metric-scores" / place.lp / f"{name}{_SEGMENT}", size, outputs) for name in metrics
        },
    )


def _pick(folder: Path, what: str, parameter: str, wanted: str | None, found: Sequence[str]) -> str:
    if not found:
        raise InputError(f"{folder}: there is no {what} in it (no file sources/SRC-TGT.txt); is it mt-metrics-eval's data?")
    if wanted is not None and wanted not in found:
        raise InputError(f"{folder}: there is no {what} {wanted!r}.{did_you_mean(wanted, found)}")
    if wanted is None and len(found) > 1:
        raise InputError(f"{folder}: there are several {what}s: {', '.join(found)}; choose with {parameter}=NAME")
    return wanted or found[0]


def _text_files(folder: Path) -> list[Path]:
    """The text files, sorted by name, of two forms of one file the plain one."""
    files = sorted(path for path in folder.glob("*") if path.suffix in _TEXTS and path.is_file())
    plain = {path.stem for path in files if path.suffix == ".txt"}
    return [path for path in files if path.suffix == ".txt" or path.stem not in plain]


def _reference_files(place: Place) -> dict[str, Path]:
    """Reference name → its file, `LP.NAME.txt`."""
    start = f"{place.lp}."
    found = [path for path in _text_files(place.folder / "references") if path.name.startswith(start)]
    return {path.stem.removeprefix(start): path for path in found}


def _names(folder: Path, start: str, end: str) -> Iterable[str]:
    names = (path.name for path in folder.glob(f"*{end}"))
    return [name.removeprefix(start).removesuffix(end) for name in names if name.startswith(start)]


def _scores(path: Path, size: int, outputs: Mapping[str, Texts]) -> Scores:
    scores = read_scores(path, size)
    for system in scores:
        if system not in outputs:
            raise InputError(f"{path}: scores of {system!r}, which has no file of outputs.{did_you_mean(system, outputs)}")
    return scores


def _documents(path: Path, size: int) -> tuple[Document, ...]:
    """The document of each segment; nothing where the tree has no such file."""
    if not path.is_file():
        return ()
    documents = []
    for number, line in enumerate(read_segments(path, size), 1):
        parts = (line or "").split()
        if len(parts) != 2:
            raise InputError(f"{path}, line {number}: expected `domain document`, got {line!r:.80}")
        documents.append(Document(*parts))
    return tuple(documents)
