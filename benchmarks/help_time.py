"""How long `harness --help` takes from the shell, beside the smallest click program, in one run: medians and their ratio.

python benchmarks/help_time.py [--rounds 30] [PEER ...]     PEER: another program's command line, for example "sacrebleu --help"
"""

import argparse
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELLO = """
import click

@click.command()
def hello():
    "Says hello."

hello()
"""


def main() -> None:
    """Runs every program in turn, round by round, so that a busy machine slows them alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="runs of each program (default: 30)")
    parser.add_argument("peers", nargs="*", help="command lines to run beside them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO)
        programs = {
            "click hello": [sys.executable, str(hello), "--help"],
            "harness --help": [str(Path(sys.executable).with_name("harness")), "--help"],
            **{peer: shlex.split(peer) for peer in arguments.peers},
        }
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(arguments.rounds + 1):
            for name, command in programs.items():
                times[name].append(_seconds(command))
    base = statistics.median(times["click hello"][1:])
    for name, seconds in times.items():
        ordered = sorted(seconds[1:])  # the first run of each warms the disk cache
        low, high = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
        median = statistics.median(ordered)
        spread = f"80 % of {len(ordered)} runs in {low:.3f}–{high:.3f} s"
        print(f"{name}: median {median:.3f} s, {spread}, {median / base:.2f} × click hello")


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
