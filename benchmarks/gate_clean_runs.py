"""Forty clean runs of `harness gate`, no two under the same circumstances: how often does it alarm where nothing has changed?

    python benchmarks/gate_clean_runs.py [--runs 40] [--processes 2] [--environments FOLDER] [--only N …] [--again] [--page]

A covering design: batch size, threads, order of the metrics, hash seed, locale, caches, executor, the oldest, tested and newest
dependencies, with and without the judged set that may be absent, alone and beside a busy process; any two settings meet in some
run.
Each run is the real command against the shipped baseline, in a process of its own, with a wheel built of HEAD.

Results go to benchmarks/results/gate_clean_runs.json after each run; a call that was cut off goes on, and runs of other code
(of what a run can load: gate_code.py) are done again (`--again`: all). Then docs/reference/gate-clean-runs.md is written
(`--page`: nothing else). The first call makes two environments with pip (gate_environments.py). Exit code 1 if a run was not a
pass.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate_clean_page import write_page
from gate_code import OTHERS, PACKAGES, code_of
from gate_designs import Run, covering
from gate_environments import environment
from gate_one_run import BATCHES, EXECUTORS, ORDERS

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "gate_clean_runs.json"
FACTORS: dict[str, tuple[str, ...]] = {
    "batch": BATCHES,
    "threads": ("1", "2"),
    "order": ORDERS,
    "hash seed": ("0", "1", "random"),
    "locale": ("C.UTF-8", "C", "sv_SE.UTF-8", "tr_TR.UTF-8"),
    "cache": ("fresh", "fresh, nothing compiled", "kept"),
    "executor": EXECUTORS,
    "dependencies": ("tested", "oldest", "newest"),
    "gec-sv": ("there", "absent"),
    "beside": ("nothing", "a busy process"),
}
_PACKAGES = ("numpy", "numba", "msgspec", "pyarrow", "sacrebleu", "snowballstemmer", "nltk", "click", "torch", "transformers")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_LONGEST = 1800  # seconds of one run
_BUSY = "while True: pass"


@dataclass(frozen=True)
class Place:
    """Where runs are made: the wheel's code, an interpreter for each dependency set, a folder for caches and locales."""

    site: Path
    pythons: Mapping[str, Path]
    scratch: Path
    data: Path | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2, help="runs at once (default: 2)")
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "gate-environments", metavar="FOLDER")
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="N", help="only these runs, from 1")
    parser.add_argument("--again", action="store_true", help="forget the runs that are done")
    parser.add_argument("--page", action="store_true", help="only write the page of the runs that are done")
    given = parser.parse_args()
    design = covering(FACTORS, given.runs)
    kept = read_results()
    if not given.page:
        say_uncommitted()
        code = code_of("HEAD")
        kept = {} if given.again else {number: one for number, one in kept.items() if fits(one, number, design, code)}
        todo = [number for number in range(1, given.runs + 1) if number not in kept and number in (given.only or [number])]
        with place(given.environments) as here:
            for number, found in done(here, design, todo, given.processes):
                kept[number] = found | {"code": code}
                write_results(kept)
                print(f"{number}: {found['outcome']} in {found['wall']:.0f} s ({found['cpu']:.0f} s of CPU)", flush=True)
                for line in found["told"]:
                    print(f"  {line}", flush=True)
    runs = [kept[number] for number in sorted(kept)]
    if runs:
        write_page(runs, FACTORS)
        alarms = sum(one["code_of_exit"] != 0 for one in runs)
        print(f"{alarms} of {len(runs)} clean runs were no pass")
        sys.exit(bool(alarms))


def fits(one: Mapping[str, Any], number: int, design: Sequence[Run], code: str) -> bool:
    """Whether a kept run is the design's run of that number, of this code."""
    return number <= len(design) and one["levels"] == design[number - 1] and one["code"] == code


def done(here: Place, design: Sequence[Run], todo: Sequence[int], processes: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """The runs, each as soon as it is done; so many at once."""
    with ThreadPoolExecutor(processes) as pool:
        numbers = {pool.submit(one_run, here, design[number - 1]): number for number in todo}
        for future in as_completed(numbers):
            yield numbers[future], future.result()


def one_run(here: Place, levels: Run) -> dict[str, Any]:
    """What one real `harness gate` under these circumstances came to."""
    with tempfile.TemporaryDirectory(prefix="gate-run-", dir=here.scratch) as folder, beside(levels["beside"]):
        command = [
            *(str(here.pythons[levels["dependencies"]]), "-P", str(ROOT / "benchmarks" / "gate_one_run.py")),
            *("--batch", levels["batch"], "--order", levels["order"], "--executor", levels["executor"], "--"),
            *("--json", "--quiet", "--cache", "keep" if levels["cache"] == "kept" else "fresh"),
        ]
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=variables(here, levels, Path(folder)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        usage, out, err = waited(process)
    return {
        "levels": levels,
        "outcome": outcome(process.returncode),
        "code_of_exit": process.returncode,
        "wall": round(time.monotonic() - started, 1),
        "cpu": round(usage, 1),
        **told(_without(out, folder), _without(err, folder)),
        "versions": versions(here, levels["dependencies"]),
    }


def variables(here: Place, levels: Run, folder: Path) -> dict[str, str]:
    """The environment variables of a run: of the present ones only what finds programs and files."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    threads = dict.fromkeys(_THREADS, levels["threads"])
    shared = here.scratch / levels["dependencies"]
    own = {
        "PYTHONPATH": str(here.site),
        "PYTHONHASHSEED": levels["hash seed"],
        "LC_ALL": levels["locale"],
        "LOCPATH": str(here.scratch / "locales"),
        "HARNESS_CACHE": str(folder / "cache" if levels["cache"] == "fresh, nothing compiled" else shared / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
    if levels["locale"] == "C":  # the C locale as it is: Python would make it C.UTF-8
        own |= {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    if levels["cache"] == "kept":
        own |= {"NUMBA_CACHE_DIR": str(shared / "compiled")}
    own["HARNESS_DATA"] = str(here.data if here.data is not None and levels["gec-sv"] == "there" else folder / "no-data")
    return kept | threads | own


def waited(process: "subprocess.Popen[bytes]") -> tuple[float, bytes, bytes]:
    """CPU seconds of the process and of those it waited for, and what it wrote; a run that takes too long is ended."""
    timer = threading.Timer(_LONGEST, process.kill)
    timer.start()
    found: dict[str, bytes] = {}
    assert process.stdout is not None
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: found.update(err=process.stderr.read()))  # type: ignore[union-attr]
    reader.start()
    out = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, out, found["err"]


def outcome(code: int) -> str:
    """An exit code in words."""
    return {0: "pass", 1: "fail", 3: "a metric could not be asked", 4: "inconclusive"}.get(code, f"ended with {code}")


def told(out: bytes, err: bytes) -> dict[str, Any]:
    """What the gate found: counts by level, what was no pass, and each metric's time and memory beside the baseline's."""
    try:
        findings = json.loads(out)
    except ValueError:
        return {
            "levels_found": {},
            "told": [err.decode(errors="replace")[-1500:], out.decode(errors="replace")[-500:]],
            "costs": {},
        }
    findings = findings.get("findings", []) if isinstance(findings, dict) else findings
    levels = [one["level"] for one in findings]
    costs = {one["metric"]: cost for one in findings if one["check"] == "cost" and (cost := cost_told(one["message"]))}
    return {
        "levels_found": {level: levels.count(level) for level in dict.fromkeys(levels)},
        "told": [f"{one['level']}: {one['message']}" for one in findings if one["level"] != "pass"],
        "costs": costs,
    }


def _without(text: bytes, folder: str) -> bytes:
    """The text without the name of the run's folder, which is another one each time."""
    return text.replace(f"{folder}/".encode(), b"")


def cost_told(message: str) -> list[float] | None:
    """Times of the baseline's CPU time and MiB in a message of the check `cost`."""
    found = re.search(r"([\d.]+) times the baseline's CPU time, ([\d.]+) MiB", message)
    return None if found is None else [float(found.group(1)), float(found.group(2))]


@contextmanager
def beside(what: str) -> Iterator[None]:
    """A process that keeps a core busy meanwhile, if that is asked for."""
    if what == "nothing":
        yield
        return
    busy = subprocess.Popen([sys.executable, "-c", _BUSY])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


@contextmanager
def place(environments: Path) -> Iterator[Place]:
    """The wheel of HEAD unpacked, the environments, locales, and caches that the runs share; only the environments stay."""
    pythons = {"tested": Path(sys.executable), **{kind: environment(environments, kind) for kind in ("oldest", "newest")}}
    with tempfile.TemporaryDirectory(prefix="gate-clean-") as folder:
        scratch = Path(folder)
        locales(scratch / "locales")
        home = os.environ.get("HARNESS_DATA")
        data = Path(home).absolute() if home else ROOT.parent / "shared" / "data"
        if not data.is_dir():
            print("no data home (HARNESS_DATA): the set gec-sv is absent in every run", flush=True)
        yield Place(wheel(scratch), pythons, scratch, data if data.is_dir() else None)


def wheel(scratch: Path) -> Path:
    """A folder that holds what a wheel of HEAD installs."""
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    (scratch / "source").mkdir()
    subprocess.run(["tar", "-x", "-C", scratch / "source"], input=packed, check=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", scratch / "site", scratch / "source"], check=True)
    shutil.rmtree(scratch / "source")
    return scratch / "site"


def locales(folder: Path) -> None:
    """Makes the locales, where the system can; a run in one that is not there runs in C, which Python then makes C.UTF-8."""
    folder.mkdir()
    for name in FACTORS["locale"]:
        if name.startswith("C"):
            continue
        language = name.partition(".")[0]
        command = ["localedef", "-i", language, "-f", "UTF-8", str(folder / name)]
        if shutil.which("localedef") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            print(f"cannot make the locale {name}", flush=True)
    if Path("/usr/lib/locale/C.utf8").is_dir():  # LOCPATH replaces the system's folder
        (folder / "C.UTF-8").symlink_to("/usr/lib/locale/C.utf8")


def versions(here: Place, kind: str) -> dict[str, str]:
    """The versions that numbers rest on, of an environment."""
    code = f"from importlib import metadata as m; import json; print(json.dumps({{n: m.version(n) for n in {_PACKAGES!r}}}))"
    return json.loads(subprocess.run([here.pythons[kind], "-c", code], capture_output=True, check=True).stdout)


def say_uncommitted() -> None:
    """Tells of changes that are not in these runs, which are of HEAD."""
    parts = [*(place for place in PACKAGES.values() if place != "."), "harness", *OTHERS]
    changed = subprocess.run(["git", "status", "--porcelain", "--", *parts], cwd=ROOT, capture_output=True, text=True, check=True)
    if changed.stdout.strip():
        print(f"not committed, so not in these runs:\n{changed.stdout}", end="", flush=True)


def read_results() -> dict[int, dict[str, Any]]:
    """The runs that are done, by number."""
    if not RESULTS.is_file():
        return {}
    return {int(number): one for number, one in json.loads(RESULTS.read_text(encoding="utf-8")).items()}


def write_results(kept: Mapping[int, Mapping[str, Any]]) -> None:
    """Keeps them."""
    text = json.dumps({str(number): kept[number] for number in sorted(kept)}, ensure_ascii=False, indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
