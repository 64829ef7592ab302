"""A million Swedish rows through `harness build`'s sifting, and near-duplicate removal beside datasketch and text-dedup.

python benchmarks/sifting.py [--rows 1000000] [--peer-rows 30000] [--rounds 3] [--text-dedup PYTHON] [--folder DIR] [--write]

Rows are made of real sentences (Copyright finns inte, Talbanken, NTREX: the data home must be there), recombined with a fixed
seed: about 60 characters of instruction, two to four sentences of response. Of them 2 % are copies that differ in case,
punctuation and white space only, and 8 % are copies in which one word in 100, 50, 20 or 10 was replaced, left out or put in.

Each measurement is a process of its own, which reads the rows from a file of JSON lines: `all` is identification, filters,
duplicates (rows of which each side is alike) and splits; `duplicates` is that step alone on rows as a whole, as the peers do it,
and recall is against copies of which each side, or the whole, is alike. The peers get the same folded text, shingles of five
characters, 128 permutations and as many bands as the harness takes (21 of 6), so that they find as much: datasketch with xxhash
and its signatures computed in two processes, text-dedup (`--text-dedup`: a Python that has it) with two processes
and 32-bit hashes. A planted pair counts as found where not both of its rows stay; only pairs whose exact Jaccard similarity is
at least .8 count. Recalls have 95 % Wilson intervals.
"""

import argparse
import json
import math
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

try:
    from side_by_side import Measured, line, version, write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import Measured, line, version, write

NEAR, SHINGLE, PERMUTATIONS = 0.8, 5, 128
BANDS, PLACES = 21, 6
RATES = (0.01, 0.02, 0.05, 0.1)
SIZES = (100_000, 300_000)
TIMES = 5  # that the largest is measured; the median counts
PATTERNS = (
    "Skriv en kort text som börjar med: {}",
    "Förklara vad som menas med följande: {}",
    "Vad vet du om detta? {}",
    "Skriv vidare på texten: {}",
    "Sammanfatta bakgrunden till följande påstående. {}",
    "Ge exempel som visar att {}",
)


def main() -> None:
    """Makes the rows, measures everything in turn and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the largest measurement (default: 1,000,000)")
    parser.add_argument("--peer-rows", type=int, default=30_000, help="rows that the peers get (default: 30,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds beside the peers (default: 3; 0: none)")
    parser.add_argument("--text-dedup", metavar="PYTHON", default=os.environ.get("TEXT_DEDUP"), help="a Python with text-dedup")
    parser.add_argument("--folder", type=Path, help="where the rows are kept (default: a folder that is removed)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        name, file, rows = arguments.step
        step(name, Path(file), int(rows), arguments.text_dedup)
        return
    folder = arguments.folder or Path(tempfile.mkdtemp())
    try:
        file = folder / "rows.jsonl"
        if not file.exists():
            write_rows(file, arguments.rows)
        jobs, figures = beside_peers(file, arguments) if arguments.rounds else [], at_sizes(file, arguments.rows)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.write:
        write("sifting", [asdict(job) for job in jobs], figures)


def beside_peers(file: Path, arguments: argparse.Namespace) -> list[Measured]:
    """Duplicate removal beside each peer, taking turns."""
    rows = arguments.peer_rows
    truth = planted(file, rows)
    peers = {"datasketch": version("datasketch")}
    if arguments.text_dedup:
        peers["text-dedup"] = f"text-dedup {_version_in(arguments.text_dedup)}"
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("duplicates", *peers)}
    for number in range(arguments.rounds):
        names = list(found)
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(in_process(name, file, rows, arguments.text_dedup))
    own = told(found["duplicates"][0], truth)
    print(f"harness on {rows:,} rows: {own}", flush=True)
    jobs = []
    for name, title in peers.items():
        ratios = [theirs["seconds"] / mine["seconds"] for mine, theirs in zip(found["duplicates"], found[name], strict=True)]
        job = Measured(
            f"near-duplicates among {rows:,} Swedish rows, from file to clusters",
            title,
            rows / median(one["seconds"] for one in found["duplicates"]),
            rows / median(one["seconds"] for one in found[name]),
            "rows",
            median(ratios),
            min(ratios),
            max(ratios),
            None,
            arguments.rounds,
            f"harness: {own}; peer: {told(found[name][0], truth)}",
            f"most memory {_mib(found['duplicates'])} against {_mib(found[name])} MiB",
        )
        print(line(job), flush=True)
        jobs.append(job)
    return jobs


def at_sizes(file: Path, rows: int) -> list[dict[str, Any]]:
    """All steps at growing sizes: rows a second and the most memory of each process."""
    figures = []
    for size in sorted({*(size for size in SIZES if size < rows), rows}):
        for name in ("all", "duplicates") if size == rows else ("all",):
            runs = [in_process(name, file, size, None) for _ in range(TIMES if size == rows else 1)]
            runs.sort(key=lambda one: float(one["seconds"]))
            found = runs[len(runs) // 2]
            least, most = size / runs[-1]["seconds"], size / runs[0]["seconds"]
            between = f", {least:,.0f}–{most:,.0f} in {len(runs)} runs" if runs[1:] else ""
            value = (
                f"{size / found['seconds']:,.0f} rows/s{between} ({found['seconds']:.1f} s, "
                f"{found['cpu'] / size * 1e6:.0f} µs of CPU a row), {_mib(runs)} MiB at most; "
                f"{told(found, planted(file, size, name == 'all'))}"
            )
            what = (
                "identification, filters, duplicates, splits" if name == "all" else "duplicates and splits alone, rows as a whole"
            )
            figures.append({"job": f"{size:,} rows: {what}", "value": value})
            print(f"{figures[-1]['job']}: {value}", flush=True)
    return figures


def told(found: dict[str, Any], truth: dict[str, list[tuple[str, str, float]]]) -> str:
    """Recall of planted pairs by kind, with intervals, and how many rows were removed beyond them."""
    kept_out, others = set(found["removed"]), set(found["others"])  # what a filter took is no double of anything
    truth = {kind: [pair for pair in pairs if others.isdisjoint(pair[:2])] for kind, pairs in truth.items()}
    near = [pair for kind, pairs in truth.items() if kind != "exact" for pair in pairs]
    parts = []
    wanted = {"exact copies": truth.get("exact", []), "near copies ≥ .8": [pair for pair in near if pair[2] >= NEAR]}
    planted_rows = set()
    for kind, pairs in wanted.items():
        hit = sum(one in kept_out or other in kept_out for one, other, _ in pairs)
        low, high = wilson(hit, len(pairs))
        parts.append(f"{kind} found {hit:,} of {len(pairs):,} [{low:.4f}, {high:.4f}]")
        planted_rows |= {name for one, other, _ in pairs for name in (one, other)}
    below = [pair for pair in near if pair[2] < NEAR]
    hit = sum(one in kept_out or other in kept_out for one, other, _ in below if not {one, other} & planted_rows)
    parts.append(f"copies < .8 removed {hit:,} of {len(below):,}")
    right = len(kept_out & planted_rows)
    low, high = wilson(right, len(kept_out))
    parts.append(f"{len(kept_out):,} rows removed, precision {right / max(1, len(kept_out)):.4f} [{low:.4f}, {high:.4f}]")
    return ", ".join(parts)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not of:
        return math.nan, math.nan
    z, share = 1.96, hits / of
    middle, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def write_rows(file: Path, count: int, seed: int = 6) -> None:
    """Writes rows as JSON lines, and beside them which are copies of which, with the exact similarity."""
    from harness.build.rows import instruction_example
    from harness.records import Origin, to_json

    known = sentences()
    draw = random.Random(seed)
    origin = Origin(builder="benchmark", dataset="recombined", licence="as the sources")
    file.parent.mkdir(parents=True, exist_ok=True)
    recent: list[tuple[str, str, str]] = []  # rows that may still be copied
    with file.open("wb") as rows, file.with_suffix(".planted").open("w", encoding="utf-8") as truth:
        for number in range(count):
            name, kind = f"r/{number}", draw.random()
            if kind < 0.1 and len(recent) > 100:
                place = draw.randrange(len(recent))
                original, instruction, response = recent[place]
                recent[place] = recent[-1]
                recent.pop()
                if kind < 0.02:
                    what, instruction, response = "exact", loosely(draw, instruction), loosely(draw, response)
                    similarity = answered = 1.0
                else:
                    rate = draw.choice(RATES)
                    what, edited = f"{rate:g}", edits(draw, response, rate, known)
                    similarity = jaccard(folded(instruction, response), folded(instruction, edited))
                    answered = jaccard(folded(response), folded(edited))
                    response = edited
                truth.write(json.dumps([number, what, original, name, similarity, answered]) + "\n")
            else:
                picked = [known[draw.randrange(len(known))] for _ in range(draw.randint(3, 5))]
                instruction, response = draw.choice(PATTERNS).format(picked[0][:50]), " ".join(picked[1:])
                if len(recent) < 5000:
                    recent.append((name, instruction, response))
                else:
                    recent[draw.randrange(5000)] = (name, instruction, response)
            row = instruction_example(
                name, instruction, response, language="sv", cluster_id=f"doc/{number // 7}", origin=origin, meta={"n": number}
            )
            rows.write(to_json(row) + b"\n")


def sentences() -> list[str]:
    """Distinct Swedish sentences of 40 to 220 characters."""
    import html

    from harness.data import data_home

    home = data_home()
    found: list[str] = []
    page = html.unescape(re.sub(r"<[^>]+>", " ", (home / "copyright-finns-inte" / "cfi.html").read_text("utf-8", "replace")))
    found += re.split(r"(?<=[.!?])\s+", re.sub(r"\s+", " ", page))
    for path in sorted((home / "ud-swedish-talbanken").glob("*.conllu")):
        found += re.findall(r"^# text = (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    for path in sorted((home / "ntrex-nordic" / "NTREX-128").glob("*swe*")):
        found += path.read_text(encoding="utf-8").splitlines()
    return sorted({one.strip() for one in found if 40 <= len(one.strip()) <= 220 and one.count(" ") > 4})


def loosely(draw: random.Random, text: str) -> str:
    """The same letters and digits in another form."""
    form: Callable[[str], str] = draw.choice([str.upper, str.lower, str.title, lambda said: said])
    return form(text).replace(" ", draw.choice([" ", "  ", "\n"])) + draw.choice(["", "!", " …"])


def edits(draw: random.Random, text: str, rate: float, known: Sequence[str]) -> str:
    """The text with words replaced, left out or put in at a rate, at least one."""
    words = text.split()
    chosen = [place for place in range(len(words)) if draw.random() < rate] or [draw.randrange(len(words))]
    for place in reversed(chosen):
        other = draw.choice(draw.choice(known).split())
        kind = draw.random()
        words[place : place + 1] = [other] if kind < 0.5 else [] if kind < 0.75 else [words[place], other]
    return " ".join(words)


def folded(*fields: str) -> str:
    """Letters and digits, case folded; a mark behind each field."""
    return "".join(
        re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", unicodedata.normalize("NFC", field).casefold())) + "\x01"
        for field in fields
    )


def jaccard(one: str, other: str) -> float:
    """The exact similarity of two folded texts."""
    left, right = ({text[place : place + SHINGLE] for place in range(max(1, len(text) - SHINGLE + 1))} for text in (one, other))
    return len(left & right) / len(left | right)


def planted(file: Path, rows: int, sides: bool = False) -> dict[str, list[tuple[str, str, float]]]:
    """Pairs among the first rows, by kind: original, copy, similarity of the whole, or with `sides` the smaller one of what is
    asked (which is equal) and of the response."""
    found: dict[str, list[tuple[str, str, float]]] = {}
    with file.with_suffix(".planted").open(encoding="utf-8") as lines:
        for one in lines:
            number, kind, original, copy, whole, answered = json.loads(one)
            if number < rows:
                found.setdefault(kind, []).append((original, copy, answered if sides else whole))
    return found


def in_process(name: str, file: Path, rows: int, text_dedup: str | None) -> dict[str, Any]:
    """Runs a step in a process of its own; what it printed last."""
    command = [sys.executable, __file__, "--step", name, str(file), str(rows)]
    if text_dedup:
        command += ["--text-dedup", text_dedup]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def step(name: str, file: Path, rows: int, text_dedup: str | None) -> None:
    """One measurement: prints seconds, CPU seconds, the most memory (KiB), and the ids of rows removed as doubles."""
    others: list[str] = []
    if name in ("all", "duplicates"):
        removed, others, began, cpu = sift_rows(file, rows, name == "all")
    elif name == "datasketch":
        removed, began, cpu = with_datasketch(file, rows)
    else:
        assert text_dedup is not None
        removed, began, cpu = with_text_dedup(file, rows, text_dedup)
    seconds = time.perf_counter() - began
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "seconds": seconds,
        "cpu": time.process_time() - cpu + children.ru_utime + children.ru_stime,
        "memory": max(own.ru_maxrss, children.ru_maxrss),
        "removed": removed,
        "others": others,
    }
    print(json.dumps(found))


def read(file: Path, rows: int) -> Iterator[Any]:
    """The first rows of a file."""
    from harness.records import Example, from_json

    with file.open("rb") as lines:
        for one in islice(lines, rows):
            yield from_json(one, Example)


def sift_rows(file: Path, rows: int, everything: bool) -> tuple[list[str], list[str], float, float]:
    """The harness: rows from the file through sifting, each seen once as it comes out; doubles, and rows removed otherwise."""
    from harness.build.config import BuildConfig
    from harness.build.options import ContaminationOptions, DuplicateOptions, FilterOptions, LanguageOptions
    from harness.build.rows import SetAside
    from harness.build.sift import sift

    config = BuildConfig(
        name="benchmark",
        language="sv",
        builders=(),
        output="benchmark",
        languages=LanguageOptions(use=everything),
        filters=FilterOptions(use=everything),
        duplicates=DuplicateOptions(near=NEAR, sides=everything, shingle=SHINGLE, permutations=PERMUTATIONS),
        contamination=ContaminationOptions(use=False),
    )

    def doubles(count: int) -> tuple[list[str], list[str]]:
        removed: tuple[list[str], list[str]] = ([], [])
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            for row in sift(read(file, count), config, (), Path(scratch), lambda label, done, total: None):
                if isinstance(row, SetAside):
                    removed[not row.stage.endswith("duplicate")].append(row.id)
        return removed

    doubles(2000)  # loops are compiled, or read from the cache, and the language model is read
    began, cpu = time.perf_counter(), time.process_time()
    return *doubles(rows), began, cpu


def with_datasketch(file: Path, rows: int) -> tuple[list[str], float, float]:
    """datasketch: signatures in two processes, then one index; the row of a cluster with the lowest number stays."""
    from datasketch import LeanMinHash, MinHashLSH

    began, cpu = time.perf_counter(), time.process_time()
    index = MinHashLSH(threshold=NEAR, num_perm=PERMUTATIONS, params=(BANDS, PLACES))
    parents: list[int] = []

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    names = []
    with ProcessPoolExecutor(2) as pool:
        for ids, hashes in pool.map(_signatures, _batches(file, rows), chunksize=1):
            names += ids
            for values in hashes:
                row = len(parents)
                parents.append(row)
                signature = LeanMinHash(seed=1, hashvalues=values, scheme="affine32")
                for other in index.query(signature):
                    one, two = sorted((root(row), root(other)))
                    parents[two] = one
                index.insert(row, signature, check_duplication=False)
    removed = [names[row] for row in range(len(names)) if root(row) != row]
    return removed, began, cpu


def _batches(file: Path, rows: int) -> Iterator[list[bytes]]:
    with file.open("rb") as lines:
        source = islice(lines, rows)
        while some := list(islice(source, 2000)):
            yield some


def _signatures(lines: list[bytes]) -> tuple[list[str], list[Any]]:
    """Ids and signatures of some rows, in another process."""
    import xxhash
    from datasketch import MinHash

    from harness.records import Example, from_json

    rows = [from_json(one, Example) for one in lines]
    texts = [folded(row.instruction or "", row.references[0]).encode("utf-32-le") for row in rows]
    width = 4 * SHINGLE
    shingles = ({text[place : place + width] for place in range(0, max(4, len(text) - width + 4), 4)} for text in texts)
    made = MinHash.generator(shingles, num_perm=PERMUTATIONS, seed=1, hashfunc=xxhash.xxh32_intdigest)
    return [row.id for row in rows], [one.hashvalues for one in made]


def with_text_dedup(file: Path, rows: int, python: str) -> tuple[list[str], float, float]:
    """text-dedup's command on a file whose words are letters, so that its word n-grams are character n-grams."""
    folder = Path(tempfile.mkdtemp(dir=file.parent))
    try:
        names = []
        with (folder / "in.jsonl").open("w", encoding="utf-8") as out:
            for row in read(file, rows):
                names.append(row.id)
                text = folded(row.instruction or "", row.references[0]).replace("\x01", "_")
                out.write(json.dumps({"number": len(names) - 1, "text": " ".join(text)}) + "\n")
        began, cpu = time.perf_counter(), time.process_time()
        given = {"--path": "json", "--data_files": folder / "in.jsonl", "--split": "train", "--cache_dir": folder / "cache"}
        given |= {"--output": folder / "out", "--column": "text", "--batch_size": 10_000, "--num_perm": PERMUTATIONS}
        given |= {"--ngram": SHINGLE, "--threshold": NEAR, "--b": BANDS, "--r": PLACES, "--num_proc": 2, "--hash_bits": 32}
        given |= {"--hash_func": "xxh3", "--min_length": 1}
        command = [python, "-m", "text_dedup.minhash", *(str(part) for pair in given.items() for part in pair)]
        subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | {"HF_HUB_OFFLINE": "1"})
        seconds = time.perf_counter() - began
        script = "import sys, json, datasets; print(json.dumps(datasets.load_from_disk(sys.argv[1])['number'][:]))"
        stayed = subprocess.run([python, "-c", script, str(folder / "out")], check=True, stdout=subprocess.PIPE, text=True)
        left = set(json.loads(stayed.stdout.splitlines()[-1]))
        return [name for number, name in enumerate(names) if number not in left], time.perf_counter() - seconds, cpu
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mib(found: list[dict[str, Any]]) -> str:
    return f"{max(one['memory'] for one in found) / 1024:,.0f}"


def _version_in(python: str) -> str:
    script = "from importlib.metadata import version; print(version('text-dedup'))"
    return subprocess.run([python, "-c", script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
