"""Evidence: what a meta-evaluation says of one metric on one language and kind of task, without any text of what was rated.

It comes from a run of `harness metaeval`, or from a file of summaries; one such file ships (`benchmarks/leaderboard_evidence.py`
makes it). The verdict is that of `harness.meta.advice`, so that a board and `harness advise` say the same of the same ratings.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.errors import InputError
from harness.integrity import is_intact
from harness.judgments import JudgmentSet
from harness.meta.advice import GROUPINGS, LEAVE_ONE_OUT, Advice, advise, main_components
from harness.meta.copies import different_clusters, has_copies
from harness.meta.options import MetaOptions
from harness.meta.slices import AND, is_crossed
from harness.out_files import write_out
from harness.records import Example, JudgmentInfo, Manifest, MetaRow
from harness.store import TABLES, read_manifest, read_table, table_path

SHIPPED = Path(__file__).parent / "shipped_evidence.json"
FORMAT = 1
_LARGEST = 50_000_000  # bytes of a file of summaries
WITHOUT = "systems=without:"  # the slice without systems that nearly are the reference


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one metric agrees with people on one criterion, on answers of one language.

    `task`, `form`: of all these answers, None where they are of several or it is not said. `verdict` and `reason`: those of
    `harness advise`. `statistic`, `value`, `low`, `high`: the accuracy that advice rests on (held out; raw for direct verdicts);
    `floor`: what a metric that knows nothing gets at best on the same pairs; `above`, `above_low`, `above_high`: calibrated
    accuracy above it, as a share of what is left. `sentinel`: the one that decides. `order`, `order_low`, `order_high`: the share
    of the pairs of `systems` whose means the metric orders as people do. `human` …: one rater against the others on the same
    scale, over the whole set; None where too few items have two raters.
    """

    judgments: str
    metric: str
    criterion: str
    raters: str | None
    slice: str
    language: str
    task: str | None = None
    form: Literal["short", "long"] | None = None
    verdict: Literal["use", "weak", "ask people"]
    reason: str
    statistic: str
    value: float
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    above: float | None = None
    above_low: float | None = None
    above_high: float | None = None
    sentinel: str | None = None
    sentinel_value: float | None = None
    sentinel_high: float | None = None
    items: int
    clusters: int
    different: int | None = None
    pairs: int
    coverage: float | None = None
    systems: int | None = None
    order: float | None = None
    order_low: float | None = None
    order_high: float | None = None
    human: float | None = None
    human_low: float | None = None
    human_high: float | None = None

    @property
    def set_name(self) -> str:
        """The judgment set's name, without the digest of its records."""
        return self.judgments.rpartition("@")[0] or self.judgments

    @property
    def independent(self) -> int:
        """How many clusters it rests on that differ."""
        return self.clusters if self.different is None else min(self.different, self.clusters)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    made: dict[str, Any] = {}
    evidence: tuple[Evidence, ...]


def read_evidence(path: str | Path) -> list[Evidence]:
    """What a finished meta-evaluation (its run folder) or a file of summaries says; InputError naming what is wrong with it.

    None of it is of sets whose better answers are better by construction: nobody was asked.
    """
    path = Path(path).expanduser()
    return _of_run(path) if path.is_dir() else list(_of_file(path).evidence)


def gathered(paths: Sequence[str | Path]) -> tuple[list[Evidence], dict[str, str | None]]:
    """What several runs or files say, each thing once, the first of those that say it; and the licence of each set's data.

    InputError where one of them says nothing that could stand beside a board.
    """
    found: dict[tuple[str | None, ...], Evidence] = {}
    licences: dict[str, str | None] = {}
    for path in paths:
        held = read_evidence(path)
        if not held:
            raise InputError(
                f"{path} says nothing of a metric that could stand beside a board: that takes several rated answers to an item, "
                "in one language, of a set whose ratings are people's"
            )
        known = _licences(Path(path).expanduser())
        for one in held:
            found.setdefault((one.judgments, one.metric, one.criterion, one.raters, one.slice), one)
            licences.setdefault(one.set_name, known.get(one.set_name))
    return list(found.values()), licences


def is_evidence(path: Path) -> bool:
    """Whether the file is one that `write_evidence` wrote."""
    try:
        _of_file(path)
    except InputError:
        return False
    return True


def write_evidence(path: Path, evidence: Sequence[Evidence], made: Mapping[str, Any]) -> None:
    """Writes a file of summaries, through a link or into a pipe too; `made`: what made it, for people. InputError for a file of a
    run."""
    head = msgspec.json.encode({"format": FORMAT, "made": dict(made)}, order="sorted")
    lines = b",\n".join(msgspec.json.encode(one) for one in evidence)
    write_out(path, head[:-1] + b',"evidence":[\n' + lines + b"\n]}\n", lambda found: True)


def evidence_of(
    data: JudgmentSet, rows: Sequence[MetaRow], *, level: float = 0.95, different: Mapping[tuple[str, str], int] | None = None
) -> list[Evidence]:
    """The evidence in the rows of one meta-evaluation: one of each metric, criterion, human target and slice of one language."""
    if data.info.constructed:
        return []
    known = _by_key(rows)
    found = []
    profiles = {label: _profile(data.examples, label) for label in dict.fromkeys(row.slice for row in rows)}
    for one in advise(rows, {}, level=level, different=different):
        profile = profiles[one.slice]
        if profile is None or one.verdict == "no advice" or one.value is None or _repeats(one.slice, profile, profiles):
            continue
        found.append(_evidence(data.label, one, profile, known))
    return found


_Profile = tuple[str, str | None, Literal["short", "long"] | None]
_Key = tuple[str | None, ...]


def _profile(examples: Sequence[Example], label: str) -> _Profile | None:
    """Language, task and form of a slice's items; None where they are in several languages, or the slice is of another kind."""
    wanted: dict[str, str] = {}
    if label.startswith("task="):
        wanted["task"] = label.partition("=")[2]
    elif label != "all" and not label.startswith(WITHOUT):
        parts = label.split(AND) if is_crossed(label) else [label]
        wanted = {name: value for name, _, value in (part.partition("=") for part in parts)}
        if not set(wanted) <= {"form", "language"}:
            return None
    inside = [one for one in examples if all(getattr(one, name) == value for name, value in wanted.items())]
    languages = {one.language for one in inside}
    if len(languages) != 1:
        return None
    tasks, forms = {one.task for one in inside}, {one.form for one in inside}
    return languages.pop(), tasks.pop() if len(tasks) == 1 else None, forms.pop() if len(forms) == 1 else None


def _repeats(label: str, profile: _Profile, profiles: Mapping[str, _Profile | None]) -> bool:
    """Whether the whole set says it already, of all its items."""
    return label != "all" and not label.startswith(WITHOUT) and profiles.get("all") == profile


def _evidence(judgments: str, one: Advice, profile: _Profile, known: Mapping[_Key, MetaRow]) -> Evidence:
    language, task, form = profile
    cell = (one.criterion, one.raters, one.slice)
    floor = known.get((None, "floor", *cell))
    above = known.get((one.metric, "above_floor", *cell))
    ordered = known.get((one.metric, "system_pairwise_accuracy", *cell))
    human = known.get((None, "human_level", one.criterion, LEAVE_ONE_OUT, "all"))
    assert one.statistic is not None
    assert one.value is not None
    assert one.verdict != "no advice"  # the caller leaves such out
    return Evidence(
        judgments=judgments,
        metric=one.metric,
        criterion=one.criterion,
        raters=one.raters,
        slice=one.slice,
        language=language,
        task=task,
        form=form,
        verdict=one.verdict,
        reason=one.reason,
        statistic=one.statistic,
        value=one.value,
        low=one.low,
        high=one.high,
        floor=None if floor is None else floor.value,
        above=None if above is None else above.value,
        above_low=None if above is None else above.low,
        above_high=None if above is None else above.high,
        sentinel=one.sentinel,
        sentinel_value=one.sentinel_value,
        sentinel_high=one.sentinel_high,
        items=one.n_items,
        clusters=one.n_clusters,
        different=one.n_different,
        pairs=one.n_pairs,
        coverage=one.coverage,
        systems=None if ordered is None else _systems(ordered.n_pairs),
        order=None if ordered is None else ordered.value,
        order_low=None if ordered is None else ordered.low,
        order_high=None if ordered is None else ordered.high,
        human=None if human is None else human.value,
        human_low=None if human is None else human.low,
        human_high=None if human is None else human.high,
    )


def _by_key(rows: Sequence[MetaRow]) -> dict[_Key, MetaRow]:
    """The rows on answers to one item, by metric (its main component), statistic, criterion, target and slice."""
    main = main_components(rows)
    found: dict[_Key, MetaRow] = {}
    for row in rows:
        of_metric = row.metric is None or row.component == main.get(row.metric)
        if of_metric and row.grouping in (*GROUPINGS, None) and row.against is None and row.support in (None, "own"):
            found[row.metric, row.statistic, row.criterion, row.raters, row.slice] = row
    return found


def _systems(pairs: int) -> int:
    """How many systems make so many pairs."""
    return round((1 + (1 + 8 * pairs) ** 0.5) / 2)


def _of_run(folder: Path) -> list[Evidence]:
    manifest = read_manifest(folder)
    if manifest.status != "done":
        raise InputError(f"{folder}: this run is not finished (its status is {manifest.status!r}); run the same command again")
    if "judgments" not in manifest.described:
        raise InputError(f"{folder} is a run of another kind; name the folder of a `harness metaeval`")
    if TABLES["meta"].file not in manifest.fingerprints:
        raise InputError(f"{folder}: this run held no metric against people; name the folder of a `harness metaeval`")
    about = manifest.described["judgments"]
    info = msgspec.convert(about["info"], JudgmentInfo)
    rows = _table(folder, manifest, "meta")
    examples = _table(folder, manifest, "examples")
    copies = has_copies(examples)
    rest = {name: _table(folder, manifest, name) if copies else () for name in ("outputs", "judgments", "preferences")}
    data = JudgmentSet(info, examples, digest=about["digest"], **rest)
    options = msgspec.convert(manifest.config.get("metaevaluate") or {}, MetaOptions)
    return evidence_of(data, rows, level=options.level, different=different_clusters(data, options.slices) if copies else None)


def _licences(path: Path) -> dict[str, str | None]:
    """By set, the licence of its data as the run or the file says it."""
    if path.is_dir():
        about = read_manifest(path).described["judgments"]
        return {about["info"]["name"]: about["info"].get("licence")}
    said = _of_file(path).made.get("licences")
    return {str(name): None if one is None else str(one) for name, one in said.items()} if isinstance(said, dict) else {}


def _table(folder: Path, manifest: Manifest, name: str) -> tuple[Any, ...]:
    path, table = table_path(folder, name), TABLES[name]
    if path.name not in manifest.fingerprints:
        return ()
    if not is_intact(path, manifest):
        raise InputError(f"{path} is missing, or is not what the run wrote; run the same command again to write it anew")
    return tuple(_rows(path, table.record_type))


def _rows(path: Path, record_type: type[Any]) -> Iterator[Any]:
    yield from read_table(path, record_type)


def _of_file(path: Path) -> _File:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise InputError(f"{path}: {size:,} bytes are too many for a file of evidence ({_LARGEST:,} at most)")
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError as error:
        raise InputError(f"there is no file or folder {path}") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not a file of evidence of this version ({error})") from error
    if found.format != FORMAT:
        raise InputError(f"{path}: evidence of format {found.format}; this version reads format {FORMAT}")
    return found
