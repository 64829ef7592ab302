"""What is fuzzed: each target is given bytes, reads them as a user's file, and may refuse them with a HarnessError only.

`targets(folder)` makes them all; files are written below the folder, best on a file system in memory. Used by the tests here, by
`benchmarks/fuzz.py`, and by `with_atheris.py` where atheris is installed.
"""

import contextlib
import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from harness import records
from harness.cache import Cache
from harness.config import load_config, resolved
from harness.judgments import read_judgments
from harness.records import Example, Judgment, JudgmentInfo, Manifest, MetaRow, Origin, Output, Preference, Scale, Score, Span
from harness.registry import parse_ref
from harness.segments import Segments
from harness.stages.answers import SavedBatch, restored
from harness.store import TABLES, read_table, write_table
from harness.unchanged import NAME as UNCHANGED
from harness.unchanged import recall
from harness.verdicts import Verdict

SHIPPED = Path(__file__).resolve().parents[2] / "configs"


@dataclass(frozen=True)
class Target:
    """`run` raises a HarnessError where it refuses; all else is a finding. `share`: of all inputs; `native`: it may crash."""

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], None]
    share: float
    native: bool = False


def targets(folder: Path) -> list[Target]:
    """Every target, its files below the folder."""
    found = [*_records(folder), *_runs(folder), *_configs(folder), *_sources(folder), *_tables(folder), *_annotation(folder)]
    return [*found, _cache(folder), *_leaderboard(folder)]


EXAMPLE = Example.from_instruction(
    "set/1", "Vad heter Sveriges huvudstad?", ["Stockholm."], language="sv", form="short", task="qa", source="Källa",
    cluster_id="c", origin=Origin(builder="b", dataset="set", licence="MIT"), meta={"cefr": "A", "n": 1, "x": [1.5, None]},
)  # fmt: skip
OUTPUTS = (
    Output(id="set/1/a", example_id="set/1", system="a", text="Det är Stockholm.", finish="stop", tokens_out=4),
    Output(id="set/1/b", example_id="set/1", system="b", text="Göteborg", meta={"verdicts": {"m": {"set/1/a": "b"}}}),
)
JUDGMENTS = (
    Judgment(
        output_id="set/1/a", rater="anna", criterion="meaning", value=3, scale=Scale(low=1, high=4), span=Span(start=0, end=3)
    ),
    Judgment(output_id="set/1/b", rater="anna", criterion="meaning", value=1, scale=Scale(low=1, high=4), note="fel"),
    Judgment(output_id="set/1/b", rater="bo", criterion="tone", value="glad"),
)
PREFERENCES = (Preference(output_a="set/1/a", output_b="set/1/b", rater="bo", criterion="better", winner="a", shown_first="b"),)
VERDICTS = (
    Verdict(
        metric="m|v:1",
        targets=("set/1/b", "set/1/a"),
        form="pair",
        judge="j@h",
        criterion="meaning",
        value=-1,
        key="ab",
        price=0.1,
    ),
    Verdict(metric="m|v:1", targets=("set/1/a",), form="direct", judge="j@h", status="unparsed", reply="Kanske 3?", seconds=1.5),
    Verdict(metric="m|v:1", targets=("set/1/a", "set/1/b"), form="rank", judge="j@h", ranks=(1.0, 2.0), tokens_in=9),
)
SCORES = (
    Score(targets=("set/1/a",), metric="m|v:1", component="f1", value=0.5),
    Score(targets=("set/1/a", "set/1/b"), metric="m|v:1", value=None, status="error", detail="ValueError: x"),
)
BATCHES = (
    SavedBatch(first=0, units=2, values=[[0.5, None], [1.0, 0.0]], status=[(0, 1, "empty")], details=[(0, 1, "no text")]),
    SavedBatch(first=2, units=1, values=[[0.25], [1e-300]]),
)
ROWS = (
    MetaRow(judgments="set@1", metric="m|v:1", criterion="meaning", statistic="accuracy", value=0.5, low=0.1, high=0.9, p=0.04),
)
INFO = JudgmentInfo(name="set", version="1", criteria=("meaning",), primary_rater="anna", system_sets={"two": ("a", "b")})
MANIFEST = Manifest(
    command=("harness", "run", "c.yaml"), status="done", config={"judgments": {"source": "set"}, "metaevaluate": {"level": 0.9}},
    versions={"python": "3.11"}, fingerprints={"meta.parquet": "ab" * 32}, signatures={"m": "m|v:1"}, counts={"meta": 1},
    described={"judgments": {"info": msgspec.to_builtins(INFO), "digest": "d", "notes": []}, "metrics": []},
    times={"started": 1.7e9, "seconds": 3.5}, notes=("a note",),
)  # fmt: skip


def _lines(found: Iterable[Any]) -> bytes:
    return b"".join(records.to_json(record) + b"\n" for record in found)


def _records(folder: Path) -> list[Target]:
    from harness_plugins.judgments.records import FILES, Records, _record

    held = {"example": (EXAMPLE,), "output": OUTPUTS, "judgment": JUDGMENTS, "preference": PREFERENCES}
    found = []
    for name, some in held.items():
        own = type(some[0])

        def one(data: bytes, kind: Any = own) -> None:
            records.digest([_record(Path("records.jsonl"), 1, data, kind)])

        found.append(Target(f"record: {name}", tuple(map(records.to_json, some)), one, 0.1))
    whole = folder / "records"
    whole.mkdir()
    given = dict(zip(FILES, ((EXAMPLE,), OUTPUTS, JUDGMENTS, PREFERENCES), strict=True))
    for name, some in given.items():
        (whole / name).write_bytes(_lines(some))
    (whole / "info.json").write_bytes(records.to_json(INFO))

    def file(data: bytes) -> None:
        """One of the five files, told by the first byte."""
        names = (*given, "info.json")
        name = names[data[0] % len(names)] if data else names[0]
        kept = (whole / name).read_bytes()
        (whole / name).write_bytes(data[1:])
        try:
            read_judgments(Records(whole))
        finally:
            (whole / name).write_bytes(kept)

    seeds = [bytes([place]) + (whole / name).read_bytes() for place, name in enumerate((*given, "info.json"))]
    return [*found, Target("records: folder", tuple(seeds), file, 0.06)]


def _runs(folder: Path) -> list[Target]:
    from harness.cli.show import _print_run

    run, stage = folder / "run", folder / "segments" / "stage"
    run.mkdir()
    stage.mkdir(parents=True)
    (run / "config.yaml").write_text("a: 1\n", encoding="utf-8")

    def segments(data: bytes) -> None:
        (stage / "main-0.jsonl").write_bytes(data)
        for line in Segments.peek(stage, SavedBatch):
            restored(line, 2)
        held = Segments(stage)
        assert sum(1 for _ in held.read(SavedBatch)) <= data.count(b"\n")

    def manifest(data: bytes) -> None:
        (run / "manifest.json").write_bytes(data)
        with contextlib.redirect_stdout(io.StringIO()):
            _print_run(run)

    def unchanged(data: bytes) -> None:
        (run / UNCHANGED).write_bytes(data)
        recall(run, {"command": "run"})

    remembered = {
        "format": 1, "asked": {"command": "run"}, "surroundings": "s", "code_roots": [str(folder)], "code": "c",
        "inputs": {"files": {"/nowhere": None}, "folders": {}}, "pages": {}, "said": {"notes": []},
        "tables": {"config.yaml": {"size": 5, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "sure": True, "sha256": None}},
    }  # fmt: skip
    return [
        Target("segments", (_lines(BATCHES), _lines(BATCHES * 3)[:-9]), segments, 0.06),
        Target("manifest", (records.to_json(MANIFEST),), manifest, 0.06),
        Target("unchanged", (json.dumps(remembered).encode(),), unchanged, 0.03),
    ]


def _configs(folder: Path) -> list[Target]:
    file = folder / "config.yaml"
    own = b"""\
name: &a mine
judgments: {source: table, path: r.csv, systems: [x, y], scale: [1, 5]}
metrics:
  - chrf
  - rouge-l: {stemmer: swedish, n: 1e-3}
metaevaluate: {criteria: [m], resamples: 200, level: 0.9, seed: 1}
output: runs/mine
plugins: []
"""

    def config(data: bytes) -> None:
        file.write_bytes(data)
        msgspec.json.encode(resolved(load_config(file)))

    def reference(data: bytes) -> None:
        with contextlib.suppress(UnicodeDecodeError):  # a command line gives text
            str(parse_ref(data.decode(), "path"))

    shipped = tuple((SHIPPED / name).read_bytes() for name in ("quickstart.yaml", "swedish.yaml"))
    return [
        Target("run config", (own, own, *shipped), config, 0.06),
        Target("reference", (b"rouge-l:stemmer=swedish", b"table:a.csv:scale=[1,5],x=1e3,y=null,z='1'"), reference, 0.05),
    ]


TABLE = """\
item;system;output;reference;source;rater;criterion;rating
1;a;Det är Stockholm.;Stockholm;Q;anna;meaning;4
1;b;"Göteborg; eller ""Malmö"" då";Stockholm;Q;anna;meaning;4,5
1;a;Det är Stockholm.;Stockholm;Q;bo;meaning;
2;a;Ja;Nej;Q2;anna;fluency;3
2;b;Nej;Nej;Q2;anna;fluency;1
"""
CHOSEN = """\
item,instruction,output_a,output_b,system_a,system_b,winner,rater
1,Vad?,Ja,Nej,x,y,a,anna
2,Vem?,Jag,Du,x,y,tie,bo
3,Var?,Här,Där,y,x,b,anna
"""


def _sources(folder: Path) -> list[Target]:
    from harness_plugins.judgments.argilla import Argilla
    from harness_plugins.judgments.judge_bench import JudgeBench
    from harness_plugins.judgments.label_studio import LabelStudio
    from harness_plugins.judgments.preferences import Preferences
    from harness_plugins.judgments.table import Table

    def reads(build: Callable[..., Any], name: str, **params: Any) -> Callable[[bytes], None]:
        path = folder / name
        path.parent.mkdir(exist_ok=True)

        def run(data: bytes) -> None:
            path.write_bytes(data)
            _whole(build(path, **params))

        return run

    table, chosen, dotted = TABLE.encode(), CHOSEN.encode(), TABLE.replace("4,5", "4.5")
    tabs = dotted.replace(";", "\t").encode()
    as_lines = b"".join(json.dumps(row).encode() + b"\n" for row in csv.DictReader(io.StringIO(dotted), delimiter=";"))
    votes = [json.loads(json.dumps(row)) for row in csv.DictReader(io.StringIO(CHOSEN))]
    studio, rules = _label_studio(), _LABELLING.encode()
    (folder / "rules.xml").write_bytes(rules)
    (folder / "studio-0.json").write_bytes(studio)
    argilla, settings = _argilla()
    (folder / "argilla-settings.json").write_bytes(settings)
    (folder / "argilla-0.json").write_bytes(argilla)
    lone = folder / "settings.json"

    def asked(build: Callable[..., Any], option: str, path: Path, given: Path) -> Callable[[bytes], None]:
        def run(data: bytes) -> None:
            given.write_bytes(data)
            _whole(build(path, **{option: given}))

        return run

    judge = json.dumps(_JUDGED).encode()
    return [
        Target("table: CSV", (table, tabs, b"sep=;\n" + table), reads(Table, "t.csv"), 0.06),
        Target("table: JSON Lines", (as_lines,), reads(Table, "t.jsonl", scale=[0, 9]), 0.04),
        Target("preferences: CSV", (chosen,), reads(Preferences, "p.csv"), 0.03),
        Target("preferences: JSON", (json.dumps(votes).encode(),), reads(Preferences, "p.json"), 0.03),
        Target("label-studio", (studio,), reads(LabelStudio, "ls/ls.json", config=folder / "rules.xml"), 0.04),
        Target("label-studio: config", (rules,), asked(LabelStudio, "config", folder / "studio-0.json", folder / "c.xml"), 0.02),
        Target("argilla", (argilla,), reads(Argilla, "ar/ar.json", settings=folder / "argilla-settings.json"), 0.04),
        Target("argilla: settings", (settings,), asked(Argilla, "settings", folder / "argilla-0.json", lone), 0.02),
        Target(
            "argilla: old settings", (yaml.safe_dump(json.loads(settings)).encode(), b"questions:\n- !!python/tuple [a]\n"),
            asked(Argilla, "settings", folder / "argilla-0.json", folder / "argilla.yaml"), 0.01,
        ),
        Target("judge-bench", (judge,), reads(JudgeBench, "j.json"), 0.04),
        _mt_metrics_eval(folder),
    ]  # fmt: skip


def _whole(source: Any) -> None:
    """Reads a source as commands do, and stores nothing."""
    for record in source.read():
        msgspec.convert(msgspec.to_builtins(record), type(record))
    read_judgments(source)


_LABELLING = """
<View><Text name="ask" value="$instruction"/><Text name="reply" value="$output"/>
<Rating name="correctness" toName="reply" maxRating="3"/><Number name="natural" toName="reply" min="0" max="10"/>
<Choices name="related" toName="reply"><Choice value="inte" alias="1"/><Choice value="helt" alias="3"/></Choices>
<Labels name="errors" toName="reply"><Label value="fakta"/></Labels><TextArea name="comment" toName="reply"/></View>
"""


def _label_studio() -> bytes:
    def said(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"id": name, "from_name": name, "to_name": "reply", "type": kind, "value": value}

    def task(number: int, system: str, text: str, stars: int) -> dict[str, Any]:
        result = [
            said("correctness", "rating", {"rating": stars}), said("natural", "number", {"number": 4.5}),
            said("related", "choices", {"choices": ["helt"]}), said("comment", "textarea", {"text": ["jo"]}),
            said("errors", "labels", {"start": 0, "end": 2, "text": text[:2], "labels": ["fakta"]}),
        ]  # fmt: skip
        annotation = {
            "id": number, "completed_by": {"id": 3, "email": "a@b.se"}, "result": result, "was_cancelled": False,
            "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
        }  # fmt: skip
        data = {"item": "1", "system": system, "instruction": "Vad?", "output": text, "reference": "Stockholm."}
        return {"id": number, "data": data, "annotations": [annotation], "predictions": [], "drafts": []}

    return json.dumps([task(1, "x", "Det är så.", 2), task(2, "y", "Nej tack.", 3)]).encode()


def _argilla() -> tuple[bytes, bytes]:
    def row(number: int, system: str, text: str, grade: int) -> dict[str, Any]:
        return {
            "id": str(number), "status": "completed", "instruction": "Vad?", "response": text, "item": "q1", "system": system,
            "quality.responses": [grade, 1], "quality.responses.users": ["u1", "u2"],
            "quality.responses.status": ["submitted", "draft"], "quality.suggestion": 5,
            "errs.responses": [[{"label": "fel", "start": 0, "end": 2}]], "errs.responses.users": ["u1"],
            "errs.responses.status": ["submitted"],
        }  # fmt: skip

    nested = {
        "id": "3", "fields": {"instruction": "Vad?", "response": "Hm", "system": "z"}, "metadata": {"item": "q1"},
        "responses": {"quality": [{"user_id": "u1", "value": 4, "status": "submitted"}]},
    }  # fmt: skip
    settings = {
        "questions": [
            {"name": "quality", "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 6)]}},
            {"name": "errs", "settings": {"type": "span", "field": "response", "options": [{"value": "fel"}]}},
        ],
        "fields": [{"name": "response", "settings": {"type": "text"}}],
    }
    return json.dumps([row(1, "x", "Det", 4), row(2, "y", "Nej", 2), nested]).encode(), json.dumps(settings).encode()


_JUDGED = {
    "dataset": "Set (Somebody 2020)",
    "annotations": [
        {"metric": "fluency", "category": "graded", "worst": 1, "best": 5, "prompt": "How?"},
        {"metric": "safe", "category": "categorical", "labels_list": ["yes", "no"]},
    ],
    "instances": [
        {"id": 1, "instance": "a text", "annotations": {
            "fluency": {"individual_human_scores": [4, None, 2.5], "mean_human": 3.25},
            "safe": {"individual_human_scores": ["no", "yes", "yes"], "majority_human": "yes"}}},
        {"id": "two", "instance": "b text", "annotations": {"fluency": {"individual_human_scores": [1, 5]}}},
    ],
}  # fmt: skip


def _mt_metrics_eval(folder: Path) -> Target:
    from harness_plugins.judgments.mt_metrics_eval import MtMetricsEval

    root = folder / "wmt"
    files = {
        "sources/en-sv.txt": "one\ntwo\n",
        "documents/en-sv.docs": "news d1\nnews d2\n",
        "references/en-sv.refA.txt": "ett\ntvå\n",
        "system-outputs/en-sv/good.txt": "ett\ntvå\n",
        "system-outputs/en-sv/bad.txt": "en\ntvå två\n",
        "human-scores/en-sv.mqm.seg.score": "good\t0\ngood\tNone\nbad\t-5\nbad\t-25\n",
        "metric-scores/en-sv/BLEU-refA.seg.score": "good 1\ngood 2\nbad 0.1\nbad 0.2\n",
    }
    for name, content in files.items():
        path = root / "wmt99" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def run(data: bytes) -> None:
        names = tuple(files)
        path = root / "wmt99" / names[data[0] % len(names) if data else 0]
        kept = path.read_bytes()
        path.write_bytes(data[1:])
        try:
            _whole(MtMetricsEval(root, testset="wmt99", lp="en-sv", score="mqm", recorded="all"))
        finally:
            path.write_bytes(kept)

    return Target("mt-metrics-eval", tuple(bytes([n]) + text.encode() for n, text in enumerate(files.values())), run, 0.02)


def _tables(folder: Path) -> list[Target]:
    """Parquet: our own tables, and a user's."""
    from harness_plugins.judgments.preferences import Preferences

    path = folder / "table.parquet"
    held = {"scores": SCORES, "meta": ROWS, "examples": (EXAMPLE,), "judgments": JUDGMENTS, "verdicts": VERDICTS}
    found = []
    for name, some in held.items():
        write_table(path, some, TABLES[name].record_type)
        seed = path.read_bytes()

        def own(data: bytes, kind: Any = TABLES[name].record_type) -> None:
            path.write_bytes(data)
            for _ in read_table(path, kind):
                pass

        found.append(Target(f"Parquet: {name}", (seed,), own, 0.01, native=True))
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(csv.DictReader(io.StringIO(CHOSEN)))
    pq.write_table(pa.Table.from_pylist(rows), folder / "votes.parquet")

    def theirs(data: bytes) -> None:
        (folder / "votes.parquet").write_bytes(data)
        _whole(Preferences(folder / "votes.parquet"))

    return [*found, Target("Parquet: preferences", ((folder / "votes.parquet").read_bytes(),), theirs, 0.01, native=True)]


def _annotation(folder: Path) -> list[Target]:
    """A study's file, and a sheet that comes back."""
    from harness.annotate.sheet import write_sheet
    from harness.annotate.sheet_import import import_sheet
    from harness.annotate.store import open_store
    from harness.annotate.study_file import load_study

    items = folder / "items.jsonl"
    items.write_bytes(_lines([EXAMPLE, *OUTPUTS]))
    content = {
        "name": "mini", "title": {"sv": "S", "en": "A"},
        "criteria": ["naturalness", {"name": "own", "label": {"sv": "B", "en": "G"}}],
        "guidelines": {"sv": "# Så\n", "en": "# So\n"}, "raters": ["anna", "bo"], "items": {"jsonl": str(items)}, "seed": 7,
        "consent": {"sv": "Ja", "en": "Yes"}, "checks": {"items": [], "count": 0}, "overlap": {"items": 1},
    }  # fmt: skip
    plain = {key: content[key] for key in ("name", "guidelines", "raters", "items", "seed")} | {
        "title": {"sv": "Svar", "en": "Answers"}, "criteria": ["naturalness", "relatedness"], "comments": True,
        "consent": {"sv": "Ja", "en": "Yes"},
    }  # fmt: skip
    file, sheet = folder / "study.yaml", folder / "sheet.csv"
    seeds = tuple(yaml.safe_dump(some, allow_unicode=True).encode() for some in (content, plain, plain))
    shipped = tuple(path.read_bytes() for path in sorted((SHIPPED / "annotate").glob("*.yaml")))
    file.write_bytes(seeds[-1])
    store = open_store(load_study(file), str(folder / "study.sqlite"))
    store.record_consent(store.rater("anna"), how="owner")
    empty = write_sheet(store, store.rater("anna"))
    rows = list(csv.reader(io.StringIO(empty.decode("utf-8-sig")), delimiter=";"))
    filled = io.StringIO()
    csv.writer(filled, delimiter=";").writerows([rows[0], *([*row[:-3], "2", "3", "jo"] for row in rows[1:])])

    def study(data: bytes) -> None:
        file.write_bytes(data)
        load_study(file)

    def filled_sheet(data: bytes) -> None:
        sheet.write_bytes(data)
        import_sheet(store, sheet, replace=True)

    return [
        Target("study", (*seeds, *shipped), study, 0.03),
        Target("sheet", (empty, filled.getvalue().encode()), filled_sheet, 0.01),
    ]


def _cache(folder: Path) -> Target:
    """A damaged database gives back what was put, or nothing; it never fails."""
    place = folder / "cache"
    with Cache(place) as cache:
        cache.put("a", b"value")
        cache.put_arrays({"b": np.arange(6.0).reshape(2, 3)})
    database = sqlite3.connect(place / "cache.sqlite")
    database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    seed = (place / "cache.sqlite").read_bytes()

    def run(data: bytes) -> None:
        for beside in ("-wal", "-shm", "-journal"):
            (place / f"cache.sqlite{beside}").unlink(missing_ok=True)
        (place / "cache.sqlite").write_bytes(data)
        with Cache(place, timeout=0.05) as cache:
            assert cache.get("a") in (None, b"value")
            for array in cache.get_arrays(["b"]).values():
                assert np.array_equal(array, np.arange(6.0).reshape(2, 3))
            cache.put("c", b"more")
            assert cache.get("c") in (None, b"more")

    return Target("cache", (seed,), run, 0.005, native=True)


def _leaderboard(folder: Path) -> list[Target]:
    """A file of lm-eval's results and one of its samples, each beside a whole one of the other, read into a board."""
    from harness.leaderboard.board import make_board
    from harness.leaderboard.results import read_results

    home = folder / "lm-eval"
    home.mkdir()
    request = {"gen_args_0": {"arg_0": "Säg hej.", "arg_1": {"until": ["\n"]}}}
    common = {"target": "hej", "filter": "none", "metrics": ["acc", "chrf"], "arguments": request, "resps": [["hej"]]}
    rows = [
        {"doc_id": n, "doc": {"q": "å", "cluster_id": n // 2}, **common, "filtered_resps": ["hej"]}
        | {"doc_hash": f"h{n}", "acc": float(n % 2), "chrf": ["hej", "hå"]}
        for n in range(6)
    ]
    about = {"language": "sv", "metric": "acc", "random_baseline": 0}
    said = {
        "results": {"t": {"alias": "t", "acc,none": 0.5, "acc_stderr,none": 0.2, "chrf,none": 12.5, "chrf_stderr,none": "N/A"}},
        "configs": {"t": {"output_type": "generate_until", "metadata": about}},
        "versions": {"t": 1.0}, "n-shot": {"t": 0}, "higher_is_better": {"t": {"acc": True}}, "model_name": "org/m",
        "n-samples": {"t": {"original": 6, "effective": 6}}, "config": {"model": "hf", "model_args": "pretrained=org/m"},
        "harness": {"model": {"name": "m", "arguments": {}}, "seconds": 1.5, "tokens_in": 3, "cost": None}, "date": 1.5e9,
    }  # fmt: skip
    old = {"results": {"t": {"acc": 0.5, "acc_stderr": 0.2}}, "versions": {"t": 0}, "config": {"model_args": "pretrained=org/m"}}
    whole, lines = json.dumps(said).encode(), "".join(json.dumps(row) + "\n" for row in rows).encode()

    def board(results: bytes, samples: bytes) -> None:
        (home / "results_t.json").write_bytes(results)
        (home / "samples_t.jsonl").write_bytes(samples)
        make_board(read_results(home), metrics=["chrf"], resamples=100)

    return [
        Target("lm-eval: results", (whole, json.dumps(old).encode()), lambda data: board(data, lines), 0.01),
        Target("lm-eval: samples", (lines,), lambda data: board(whole, data), 0.01),
    ]
