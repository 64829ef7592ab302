"""A real model retrofitted: SmolLM2-135M learns to read neighbours for some hundred steps, then reads unseen Swedish with them.

    python benchmarks/retro_retrofit.py --folder DIR [--steps 200] [--documents N] [--write]

Documents (`harness data get` copyright-finns-inte and swequad-mc, without duplicates) are split by `harness build`; of those of
the split `train` a database is made with the model's own tokenizer (chunks of 32 tokens). The base is frozen: OFF is SmolLM2
exactly, before and after, and what ON gains over it is what was added. A step learns one sequence of 128 tokens, with BM25's two
neighbours of each chunk. Read is a passage of 300 characters out of the middle of every held-out document, with neighbours out of
the database; and once more with chunks drawn by chance in their place: what the model gains from those it does not owe to what
was found. All is done by the program's commands, on one thread; run again with the same folder it goes on where it was stopped.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.retrievers.base import Found, Queries

CHUNK, LENGTH, PASSAGE = 32, 128, 300  # tokens, tokens, characters
READING = 1  # the second of the scopes: tokens that can read neighbours


def main() -> None:
    """Builds, trains, reads, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--steps", type=int, default=200, help="of the training (default: 200)")
    parser.add_argument("--documents", type=int, help="held-out documents that are read, drawn by a seed (default: all)")
    parser.add_argument("--base", default="smollm2", help="the pretrained decoder (default: smollm2)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    found = measured(arguments.folder, arguments.base, arguments.steps, arguments.documents)
    for figure in found:
        print(f"{figure['job']}: {figure['value']}", flush=True)
    if arguments.write:
        from side_by_side import write

        write("retro_retrofit", [], found)


def measured(folder: Path, base: str, steps: int, documents: int | None) -> list[dict[str, Any]]:
    """What came of building, training and reading in that folder."""
    prepared(folder, base)
    model = folder / "runs/smollm2-retro/checkpoints/retro/model"
    (folder / "fit.yaml").write_text(training(base, steps), "utf-8")
    command(folder, "train", "fit.yaml")
    facts = json.loads((model / "facts.json").read_text("utf-8"))
    arguments = [str(model.relative_to(folder)), "--corpus", "databases/held", "--length", str(LENGTH)]
    arguments += [] if documents is None else ["--documents", str(documents)]
    found = command(folder, "retro", "swap", *arguments, "--retriever", "retro_retrofit:by_chance", "--json")
    return figures(base, facts, json.loads(found)["rows"])


def figures(base: str, facts: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is told of a training, and of its model read with the retriever of the training and with chance."""
    scope, chance = (row["scopes"][READING] for row in rows)
    name = f"{base} retrofitted, {facts['steps']} steps of one sequence of {LENGTH} tokens, frozen"
    of = f"{scope['tokens']:,} tokens of {scope['documents']} held-out documents"
    return [
        {
            "job": f"{name}: what learned",
            "value": f"{facts['trained_parameters']:,} of {facts['parameters']:,} weights; loss of the first 20 steps "
            f"{mean(facts['losses'][:20]):.3f}, of the last 20 {mean(facts['losses'][-20:]):.3f}",
        },
        {"job": f"{name}: perplexity OFF, the base's own, before and after ({of})", "value": told(scope["off"], 2)},
        {"job": f"{name}: perplexity ON, BM25's two neighbours ({of})", "value": told(scope["on"], 2)},
        {"job": f"{name}: gain, BM25's neighbours", "value": told(scope["gain"], 4)},
        {"job": f"{name}: gain, chunks drawn by chance", "value": told(chance["gain"], 4)},
    ]


def prepared(folder: Path, base: str) -> None:
    """The databases of what is learned from and of what is read."""
    sources = (
        f"{{texts: [copyright-finns-inte, swequad-mc], database: databases/all, tokenizer: {base}, chunk: {CHUNK}, least: 64}}"
    )
    learned = (
        f"{{examples: builds/sv-texts, splits: [train], database: databases/train, tokenizer: {base}, chunk: {CHUNK}, least: 64}}"
    )
    passages = "{path: excerpts.jsonl, field: body, id_field: id, licence: CC BY 4.0}"
    read = f"{{texts: {passages}, database: databases/held, tokenizer: databases/train/tokenizer, chunk: {CHUNK}, least: 40}}"
    for name, builder, splits in (
        ("texts", sources, "{train: 0.85, validation: 0.0, test: 0.15}"),
        ("train", learned, "{train: 1.0, validation: 0.0, test: 0.0}"),
        ("held", read, "{train: 1.0, validation: 0.0, test: 0.0}"),
    ):
        if name == "held":
            excerpts(folder)
        duplicates = "" if name == "texts" else "duplicates: {use: false}\n"
        (folder / f"{name}.yaml").write_text(
            f"name: sv-{name}\nlanguage: sv\nbuilders:\n  - retrieval-db: {builder}\n"
            f"languages: {{use: false}}\ncontamination: {{use: false}}\n{duplicates}splits: {splits}\n",
            "utf-8",
        )
        command(folder, "build", f"{name}.yaml")


def excerpts(folder: Path) -> None:
    """A passage out of the middle of every document of the split `test`."""
    lines = (folder / "builds/sv-texts/data/test.jsonl").read_text("utf-8").splitlines()
    rows = [(row["id"], row["text"]) for row in map(json.loads, lines)]
    passages = []
    for id, text in rows:
        start = text.find(" ", max(0, len(text) // 2 - PASSAGE // 2)) + 1
        passages.append(json.dumps({"id": id, "body": text[start : start + PASSAGE]}, ensure_ascii=False))
    (folder / "excerpts.jsonl").write_text("\n".join(passages) + "\n", "utf-8")


def training(base: str, steps: int) -> str:
    """The config of the training."""
    return (
        "name: smollm2-retro\nexamples: builds/sv-train\ntrain:\n  - name: retro\n    trainer:\n      retro:\n"
        f"        base: {base}\n        freeze: true\n        model: {{share_embeddings: true}}\n"
        f"        database: databases/train\n        retriever: bm25\n        neighbours: 2\n        length: {LENGTH}\n"
        f"        steps: {steps}\n        batch: 1\n        learning_rate: 0.001\n        warmup: 0.1\n        save_every: 25\n"
        "        seed: 1\n"
    )


def command(folder: Path, *arguments: str) -> str:
    """What a command of the program says on stdout, run in the folder with one thread."""
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    program = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(program, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def mean(values: list[float]) -> float:
    """The mean."""
    return sum(values) / len(values)


def told(figure: dict[str, Any], digits: int) -> str:
    """A figure with its interval by document."""
    return f"{figure['value']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"


class Chance:
    """A retriever that gives every query chunks drawn by chance, the same ones for the same query."""

    signature = "retriever:by-chance|v:1"

    def __init__(self, database: "Database") -> None:
        self.database = database

    def search(self, queries: "Queries", k: int) -> "Found":
        """k different chunks of other documents for each query."""
        import zlib

        import numpy as np
        from harness_plugins.retro.retrievers.base import Found

        numbers = np.full((len(queries), k), -1, np.int64)
        for row in range(len(queries)):
            drawn = np.random.default_rng(zlib.crc32(queries.tokens[row].tobytes())).permutation(self.database.chunks)[: 64 * k]
            numbers[row] = drawn[self.database.document_of(drawn) != queries.own[row]][:k]
        return Found(numbers, np.zeros(numbers.shape))


def by_chance(database: "Database") -> Chance:
    """The retriever of that database."""
    return Chance(database)


if __name__ == "__main__":
    main()
