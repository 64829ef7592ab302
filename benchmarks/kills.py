"""Kills whole runs at random points and runs them again: finished tables are the bytes of an uninterrupted run's, always.

python benchmarks/kills.py [--kills 20] [--seed 0] [--items 150] [--folder DIR] [--json] [--write]

A quarter of the kills fall on a unit that is being scored. Of the others a third fall anywhere in the run, a third into its
last fifth (tables, report), and a third on the moment when a file begins to be written (tables, manifest, report, what is kept
of an unchanged run). Signals are SIGKILL, SIGTERM and SIGINT, SIGKILL mostly. After each kill every table that is there is
compared, and units that were scored twice are counted: at most one batch a kill may be. Then the same run meets a full disk, a
locked cache, a jumping clock, and a folder that cannot be written.
Ends with 1 and says what was wrong, else with 0.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

ROOT = Path(__file__).resolve().parents[1]
BATCH = 16
WORKERS, AHEAD = 2, 3  # processes of the local executor, and batches of each that may be lost: asked, answered, waiting
TABLES = ("examples.parquet", "outputs.parquet", "judgments.parquet", "preferences.parquet", "scores.parquet", "meta.parquet")
SIGHTS = ("segments", *(f"{name}.tmp" for name in (*TABLES, "manifest.json", "report.html", "report.md", "unchanged.json")))
CONFIG = """\
name: killed
judgments: {source: table, path: ratings.csv}
metrics: [rouge-l, chrf, slow]
metaevaluate: {resamples: 100, draws: 100, random_draws: 20}
plugins: [slow.py]
output: run
"""
METRIC = '''\
"""A metric that takes its time, notes each unit that it is asked about, and keeps its values in the cache."""
import os, time
from harness import MetricSpec, hookimpl, named_files
from harness.cache import Cache

class Slow:
    signature = "slow|v:1"

    def score(self, units):
        values = []
        cache = Cache()
        with open(os.environ["ASKED"], "a", encoding="utf-8") as asked:
            for unit in units:
                asked.write(unit.output.id + "\\n")
                asked.flush()
                time.sleep(float(os.environ.get("SLOWNESS", "0")))
                kept = cache.get(unit.output.id, namespace="slow")
                value = len(unit.output.text) / (1 + len(unit.example.references[0]))
                values.append(value if kept is None else float(kept))
                if kept is None and len(values) == 1:
                    cache.put(unit.output.id, repr(value).encode(), namespace="slow")
        return values

@hookimpl
def harness_metrics():
    return [MetricSpec("slow", build=Slow, needs=("reference",), batch_size=BATCH, reads=named_files)]
'''
CLOCK = """\
import itertools, time
_real, _calls = time.time, itertools.count()
_jumps = (0.0, 3e8, -1e9, 5.0, -3600.0)

def _jumping():
    return _real() + _jumps[next(_calls) // 3 % len(_jumps)]

time.time = _jumping
"""


@dataclass
class Found:
    """What came of the kills. `rescored`: most units scored again after one kill; `wrong`: sentences, none if all is well."""

    kills: int = 0
    too_late: int = 0
    completed: int = 0
    rescored: int = 0
    signals: Counter[str] = field(default_factory=Counter)
    files_there: Counter[str] = field(default_factory=Counter)
    met: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Runs:
    """Runs of one small config in a folder, and the bytes of the tables that an uninterrupted one wrote."""

    def __init__(self, folder: Path, items: int, slowness: float, executor: str = "serial") -> None:
        self.folder = folder
        self.slowness = slowness
        self.options = ("--executor", executor, *(("--workers", str(WORKERS)) if executor == "local" else ()))
        self.under_way = BATCH * (1 if executor == "serial" else AHEAD * WORKERS)
        self.session = 0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ratings.csv").write_text(_ratings(items), encoding="utf-8")
        (folder / "slow.py").write_text(METRIC.replace("=BATCH", f"={BATCH}"), encoding="utf-8")
        (folder / "killed.yaml").write_text(CONFIG, encoding="utf-8")
        code, said = self.finish("whole")  # compiles what is to be compiled
        if code != 0:
            raise SystemExit(f"the uninterrupted run ended with {code}: {said}")
        shutil.rmtree(folder / "whole")
        started = time.monotonic()
        self.finish("whole")
        self.seconds = time.monotonic() - started
        self.units = len(self.asked())
        self.tables = {name: (folder / "whole" / name).read_bytes() for name in TABLES if (folder / "whole" / name).is_file()}

    def start(self, output: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """The run as a process."""
        self.session += 1
        own = {**os.environ, "HARNESS_CACHE": str(self.folder / "cache"), "ASKED": str(self.asked_file), **environment}
        own |= {"SLOWNESS": str(self.slowness), "PYTHONHASHSEED": str(self.session), "PYTHONPATH": self._path(own)}
        command = [sys.executable, "-m", "harness", "run", "killed.yaml", "-o", output, *self.options, *options]
        return subprocess.Popen(
            command, cwd=self.folder, env=own, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
        )

    def finish(self, output: str, *options: str, **environment: str) -> tuple[int, str]:
        """Exit code and stderr of a run that nobody disturbs."""
        process = self.start(output, *options, **environment)
        _, said = process.communicate()
        return process.returncode, said

    @property
    def asked_file(self) -> Path:
        """Where the metric notes what it is asked about in this session."""
        return self.folder / f"asked-{self.session}"

    def asked(self) -> set[str]:
        """Units that the metric was asked about in this session."""
        return set(self.asked_file.read_text(encoding="utf-8").split()) if self.asked_file.exists() else set()

    def differing(self, output: str, *, all_there: bool) -> list[str]:
        """Tables in the folder that are not the uninterrupted run's, and, if all are to be there, those that are missing."""
        there = {name: (self.folder / output / name) for name in TABLES}
        wrong = [name for name, path in there.items() if path.is_file() and path.read_bytes() != self.tables.get(name)]
        return wrong + [f"{name} is missing" for name in self.tables if all_there and not there[name].is_file()]

    def _path(self, environment: dict[str, str]) -> str:
        given = environment.get("PYTHONPATH", "")
        return os.pathsep.join(part for part in (given, str(ROOT), str(ROOT / "plugins")) if part)


def killed(runs: Runs, kills: int, seed: int, progress: Callable[[str], None] = lambda text: None) -> Found:
    """What came of so many kills; a run that completes is compared and begun anew."""
    draw, found = random.Random(seed), Found()
    scored: set[str] = set()
    units = 0
    late = 0
    while found.kills < kills:
        process = runs.start("run", "-q")
        how = draw.choice((signal.SIGKILL,) * 4 + (signal.SIGTERM, signal.SIGINT))
        seen = _strike(process, runs, draw, how)
        _, said = process.communicate()
        asked = runs.asked()
        again = len(asked & scored)
        scored |= asked
        found.rescored = max(found.rescored, again)
        found.wrong += [f"after {how.name}: {name}" for name in runs.differing("run", all_there=process.returncode == 0)]
        if "Traceback" in said and how != signal.SIGINT:
            found.wrong.append(f"a traceback after {how.name}: {said[-500:]}")
        if again > runs.under_way:
            found.wrong.append(f"{again} units were scored again after {how.name}, more than {runs.under_way} under way")
        if process.returncode == 0:
            found.too_late += 1
            late += 1
        else:
            found.kills += 1
            found.signals[how.name] += 1
            found.files_there[seen] += 1
        if process.returncode == 0 or draw.random() < 0.1:  # a run is not killed for ever
            _compare(runs, found, scored)
            units, scored = max(units, len(scored)), set()
            shutil.rmtree(runs.folder / "run", ignore_errors=True)
        if found.kills % 20 == 0:
            progress(f"{found.kills} kills, {found.completed} runs completed")
    _compare(runs, found, scored)
    return found


def _compare(runs: Runs, found: Found, scored: set[str]) -> None:
    """Lets the run complete, and compares it."""
    code, said = runs.finish("run", "-q")
    again = len(runs.asked() & scored)
    found.completed += 1
    found.rescored = max(found.rescored, again)
    if code != 0:
        found.wrong.append(f"the rerun ended with {code}: {said[-500:]}")
    if again > runs.under_way:
        found.wrong.append(f"{again} units were scored again by the rerun")
    found.wrong += [f"after the rerun: {name}" for name in runs.differing("run", all_there=True)]
    whole, folder = runs.folder / "whole", runs.folder / "run"
    left = sorted({path.name for path in folder.iterdir()} ^ {path.name for path in whole.iterdir()})
    if left and left != ["unchanged.json"]:
        found.wrong.append(f"files that are in one folder only: {', '.join(left)}")
    if not (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>"):
        found.wrong.append("the report is cut off")
    if json.loads((folder / "manifest.json").read_bytes())["status"] != "done":
        found.wrong.append("the manifest does not say done")


def _strike(process: subprocess.Popen[str], runs: Runs, draw: random.Random, how: signal.Signals) -> str:
    """Sends the signal at its point: some time, or when a file is first seen; says which."""
    way = draw.random()
    if draw.random() < 1 / 4:
        wanted = draw.randint(1, max(1, runs.units))
        while process.poll() is None and len(runs.asked()) < wanted:
            time.sleep(0.002)
        process.send_signal(how)
        return "while scoring"
    if way < 2 / 3:
        share = draw.uniform(0, 1) if way < 1 / 3 else draw.uniform(0.8, 1.05)
        _wait(process, share * runs.seconds)
        process.send_signal(how)
        return "any time" if way < 1 / 3 else "last fifth"
    sight = draw.choice(SIGHTS)
    place, started = runs.folder / "run", time.monotonic()
    while process.poll() is None and time.monotonic() - started < 10 * runs.seconds:
        if os.path.lexists(place / sight):
            time.sleep(draw.choice((0.0, 0.0, 0.001, 0.005)))
            process.send_signal(how)
            return sight
        time.sleep(0.0002)
    process.send_signal(how)
    return "never"


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def disk_full(runs: Runs) -> str:
    """The disk (or, without the right to mount one, the longest file) is smaller than the run; then it is not."""
    with _small_disk(runs.folder / "disk") as (mounted, limits):
        refused = 0
        for limit in limits:
            code, said = _limited(runs, "disk/run", limit)
            if code == 0:
                break
            refused += 1
            _expect(code == 2 and "Traceback" not in said, f"exit code {code}: {said[-400:]}")
            _expect(not runs.differing("disk/run", all_there=False), "a table is not the uninterrupted run's")
        code, said = runs.finish("disk/run", "-q")
        _expect(code == 0 and refused > 0, f"the rerun with space ended with {code} after {refused} refusals: {said[-400:]}")
        _expect(not runs.differing("disk/run", all_there=True), "tables differ")
    return f"{'a full tmpfs' if mounted else 'files of limited length'}: {refused} times refused with a message, then completed"


@contextmanager
def _small_disk(place: Path) -> Iterator[tuple[bool, tuple[int, ...]]]:
    place.mkdir()
    sizes = (16, 64, 160, 400, 1000, 2000)  # KiB
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={sizes[0]}k", "tmpfs", str(place)], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0, sizes
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(place)], check=False)


def _limited(runs: Runs, output: str, kibibytes: int) -> tuple[int, str]:
    place = runs.folder / output.partition("/")[0]
    if place.is_mount():
        subprocess.run(["mount", "-o", f"remount,size={kibibytes}k", str(place)], check=True)
        done = runs.finish(output, "-q")
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        return done
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kibibytes * 256, before[1]))
    try:
        return runs.finish(output, "-q")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def cache_locked(runs: Runs) -> str:
    """Another process holds the cache's lock for the whole run."""
    (runs.folder / "locked").mkdir()
    code, said = runs.finish("locked-run", "-q", HARNESS_CACHE=str(runs.folder / "locked"))
    _expect(code == 0, f"exit code {code}: {said[-400:]}")
    shutil.rmtree(runs.folder / "locked-run")
    other = sqlite3.connect(runs.folder / "locked" / "cache.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM entries")
        code, said = runs.finish("locked-run", HARNESS_CACHE=str(runs.folder / "locked"))
    finally:
        other.execute("ROLLBACK")
        other.close()
    _expect(code == 0 and "Traceback" not in said, f"exit code {code}: {said[-400:]}")
    _expect(not runs.differing("locked-run", all_there=True), "tables differ")
    return "completed with the uninterrupted run's tables"


def clock_jumps(runs: Runs) -> str:
    """The clock jumps ten years forward, thirty back, and so on, every third time that it is read; and a kill is in between."""
    (runs.folder / "clock").mkdir()
    (runs.folder / "clock" / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    path = {"PYTHONPATH": str(runs.folder / "clock")}
    process = runs.start("clock-run", "-q", **path)
    _wait(process, 0.7 * runs.seconds)
    process.kill()
    process.communicate()
    for _ in range(2):
        code, said = runs.finish("clock-run", "-q", **path)
        _expect(code == 0, f"exit code {code}: {said[-400:]}")
        _expect(not runs.differing("clock-run", all_there=True), "tables differ")
    return "killed, completed and run again with the uninterrupted run's tables"


def read_only(runs: Runs) -> str:
    """The finished run's folder cannot be written: nothing needs to be, unless everything is gone through again."""
    place = runs.folder / "ro"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode != 0 and os.geteuid() == 0:
        return "not tried: root writes everywhere, and may not mount here"
    try:
        code, said = runs.finish("ro/run", "-q")
        _expect(code == 0, f"exit code {code}: {said[-400:]}")
        _set_writable(place, mounted.returncode == 0, writable=False)
        code, said = runs.finish("ro/run", "--fresh")
        _expect(code == 2 and "Traceback" not in said, f"with --fresh: exit code {code}: {said[-400:]}")
        code, said = runs.finish("ro/run")
        if (place / "run" / "unchanged.json").exists():
            _expect(code == 0 and "nothing has changed" in said, f"exit code {code}: {said[-400:]}")
        _set_writable(place, mounted.returncode == 0, writable=True)
        _expect(not runs.differing("ro/run", all_there=True), "tables differ")
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(place)], check=False)
    return "taken over where nothing has changed, else refused with a message"


def _set_writable(place: Path, mounted: bool, *, writable: bool) -> None:
    if mounted:
        subprocess.run(["mount", "-o", f"remount,{'rw' if writable else 'ro'}", str(place)], check=True)
    else:
        (place / "run").chmod(0o755 if writable else 0o555)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(re.sub(r"\s+", " ", otherwise))


def _words(counts: Counter[str]) -> dict[str, int]:
    return {str(key): count for key, count in counts.items()}


def _kept(found: Found, runs: Runs) -> list[dict[str, str]]:
    """The figures of the documentation's table."""
    signals = ", ".join(f"{count} {name}" for name, count in sorted(found.signals.items()))
    said = (
        f"{signals}; {found.too_late} came too late, {found.completed} runs completed; at most {found.rescored} units scored "
        f"again after a kill ({runs.under_way} may be under way); {'; '.join(found.wrong) or 'every table the same to the byte'}"
    )
    return [{"job": f"{found.kills} kills", "value": said}, *({"job": name, "value": text} for name, text in found.met.items())]


def _ratings(items: int) -> str:
    draw = random.Random(1)
    words = ["en", "katt", "sitter", "på", "mattan", "och", "ser", "ut", "när", "det", "regnar", "över", "staden"]
    lines = ["item,system,output,reference,rating"]
    for item in range(items):
        reference = draw.choices(words, k=12)
        for place, system in enumerate(("alfa", "beta", "gamma")):
            output = [word if draw.random() < 0.9 - 0.2 * place else draw.choice(words) for word in reference]
            lines.append(f"{item},{system},{' '.join(output)},{' '.join(reference)},{draw.randint(1, 4)}")
    return "\n".join(lines) + "\n"


CONDITIONS = {"disk full": disk_full, "cache locked": cache_locked, "clock jumps": clock_jumps, "read-only folder": read_only}


def main() -> None:
    """Kills, meets the other conditions, and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--items", type=int, default=150, help="of three systems each (default: 150)")
    parser.add_argument("--slowness", type=float, default=0.002, help="seconds a unit of the slow metric (default: 0.002)")
    parser.add_argument("--executor", choices=("serial", "local"), default="serial")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs = Runs(arguments.folder or Path(temporary) / "kills", arguments.items, arguments.slowness, arguments.executor)
        say = (lambda text: None) if arguments.json else (lambda text: print(text, flush=True))
        say(f"an uninterrupted run takes {runs.seconds:.1f} s")
        found = killed(runs, arguments.kills, arguments.seed, say)
        for name, meet in CONDITIONS.items():
            try:
                found.met[name] = meet(runs)
            except AssertionError as error:
                found.wrong.append(f"{name}: {error}")
            say(f"{name}: {found.met.get(name, 'WRONG')}")
    if arguments.json:
        print(json.dumps({**asdict(found), "signals": dict(found.signals), "files_there": _words(found.files_there)}, indent=1))
    else:
        signals = ", ".join(f"{count} {name}" for name, count in sorted(found.signals.items()))
        points = ", ".join(f"{count} {name}" for name, count in found.files_there.most_common())
        print(f"{found.kills} kills ({signals}) at: {points}; {found.too_late} came too late; {found.completed} runs completed")
        print(f"at most {found.rescored} units scored again after a kill (a batch is {BATCH}, {runs.under_way} may be under way)")
        print("\n".join(found.wrong) or "every table was the uninterrupted run's, byte for byte")
    if arguments.write:
        write("kills", [], _kept(found, runs))
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
