"""Fuzzes the readers of records, tables and configs: mutated files are read or refused with a message, never with a traceback.

python benchmarks/fuzz.py [--inputs 1000000] [--seed 0] [--only WORD …] [--json] [--write]

Says per target how many inputs it was given, how many a second, and what was found: any exception but a HarnessError, more than
5 s or 500 MB for one input, or a crash of the process (targets that call native code run in a process of their own). Exit code 1
if anything was found. `--write` puts the figures into benchmarks/results/fuzz.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
PORTION = 20_000  # inputs a process; a crash ends only its portion


def main() -> None:
    """Fuzzes all targets, or those named, and prints what came of each."""
    arguments = _arguments()
    from fuzzing import Outcome, fuzz
    from targets import targets

    if arguments.one is not None:
        _one(arguments)
        return
    figures = []
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        found = [
            target for target in targets(Path(folder)) if not arguments.only or any(w in target.name for w in arguments.only)
        ]
        whole = sum(target.share for target in found)
        for target in found:
            inputs = max(1, round(arguments.inputs * target.share / whole + 0.5))
            outcome: Outcome = (
                _apart(target.name, inputs, arguments.seed) if target.native else fuzz(target, inputs, arguments.seed)
            )
            figures.append(_figures(outcome))
            if not arguments.json:
                print(_line(outcome), flush=True)
    total = {
        "inputs": sum(one["inputs"] for one in figures),
        "seconds": sum(one["seconds"] for one in figures),
        "findings": sum(len(one["findings"]) for one in figures),
    }
    if arguments.json:
        print(json.dumps({"targets": figures, **total}, indent=1))
    else:
        print(f"{'in all':24} {total['inputs']:9,} inputs {total['seconds']:8.0f} s, {total['findings']} findings")
    if arguments.write:
        rows = [
            {
                "job": one["target"],
                "value": f"{one['inputs']:,} inputs, {one['refused'] / max(1, one['inputs']):.0%} refused with a message, "
                f"{len(one['findings']) or 'no'} tracebacks",
            }
            for one in figures
        ]
        said = f"{total['inputs']:,} inputs (seed {arguments.seed}), {total['findings'] or 'no'} tracebacks"
        write("fuzz", [], [{"job": "in all", "value": said}, *rows])
    sys.exit(1 if total["findings"] else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="in all, shared among the targets (default: 100,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="targets whose names hold one of these words")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _apart(name: str, inputs: int, seed: int) -> Any:
    """The outcome of a target whose reader may crash: portions in processes of their own; the last input of a crash is kept."""
    from fuzzing import Outcome

    whole = Outcome(name)
    for portion in range(0, inputs, PORTION):
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            size = min(PORTION, inputs - portion)
            command = [
                sys.executable,
                __file__,
                "--one",
                name,
                "--folder",
                folder,
                "--inputs",
                str(size),
                "--seed",
                f"{seed + portion}",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                said = json.loads(done.stdout)
                whole.inputs += said["inputs"]
                whole.refused += said["refused"]
                whole.seconds += said["seconds"]
                for where, (count, data, text) in said["findings"].items():
                    whole.findings[where] = (whole.findings.get(where, (0,))[0] + count, bytes.fromhex(data), text)
            else:
                last = (Path(folder) / "input").read_bytes()
                whole.add(f"the process ended with {done.returncode}", last, done.stderr[-2000:])
    return whole


def _one(arguments: argparse.Namespace) -> None:
    """What a process of its own does: every input is on disk before it is read."""
    from dataclasses import replace

    from fuzzing import fuzz
    from targets import targets

    place = arguments.folder / "input"
    (arguments.folder / "own").mkdir()
    target = next(target for target in targets(arguments.folder / "own") if target.name == arguments.one)

    def run(data: bytes) -> None:
        place.write_bytes(data)
        target.run(data)

    outcome = fuzz(replace(target, run=run), arguments.inputs, arguments.seed)
    print(json.dumps(_figures(outcome)))


def _figures(outcome: Any) -> dict[str, Any]:
    findings = {where: (count, data.hex(), text) for where, (count, data, text) in outcome.findings.items()}
    return {
        "target": outcome.target,
        "inputs": outcome.inputs,
        "refused": outcome.refused,
        "seconds": round(outcome.seconds, 2),
        "findings": findings,
    }


def _line(outcome: Any) -> str:
    rate = outcome.inputs / max(outcome.seconds, 1e-9)
    share = outcome.refused / max(1, outcome.inputs)
    counts = f"{outcome.inputs:9,} inputs {share:4.0%} refused {rate:8,.0f}/s"
    lines = [f"{outcome.target:24} {counts}  {len(outcome.findings) or 'no'} findings"]
    for where, (count, data, text) in outcome.findings.items():
        lines += [f"  {count} times {where}: {data[:300]!r}", *(f"    {line}" for line in text.strip().splitlines()[-5:])]
    return "\n".join(lines)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    main()
