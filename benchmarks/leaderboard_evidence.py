"""Makes the evidence that ships with leaderboards: how well metrics agree with people on judgment sets whose data are at hand.

python benchmarks/leaderboard_evidence.py [--set gec-sv] [--metric chrf …] [--resamples 2000] [--check | --output FILE]

Every statistic is that of `harness metaeval` (item grouping) and `harness advise`; no text of any set is written, only numbers.
`--check` makes them anew and says whether they are what ships (exit status 1 if not). A set with one answer an item, or without
references, gives metrics that need several answers and references nothing, and is not in the list.
"""

import argparse
import sys
from pathlib import Path

from harness import __version__, metaevaluate
from harness.errors import HarnessError
from harness.leaderboard.evidence import SHIPPED, Evidence, evidence_of, read_evidence, write_evidence
from harness.meta.copies import different_clusters
from harness.plugins import load_plugins
from harness.stages.evaluate import read_source

SLICES = ("form", "task", "language", "systems")
STRINGS = (
    "chrf",
    "chrf:word_order=2",
    "bleu",
    "rouge-1",
    "rouge-2",
    "rouge-l",
    "rouge-l:stemmer=swedish",
    "rouge-l:tokenizer=rouge-score",
)
SETS = {"gec-sv": (*STRINGS, "bertscore"), "wmt-da": (*STRINGS, "bertscore")}


def main() -> int:
    """Writes the file, or compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", dest="sets", choices=list(SETS), help=f"default: {', '.join(SETS)}")
    parser.add_argument("--metric", action="append", dest="metrics", metavar="METRIC", help="default: see SETS in this file")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default: 2000)")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="default: what ships")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with what is there")
    arguments = parser.parse_args()
    found, licences = [], {}
    for name in arguments.sets or SETS:
        made, licence = evidence_on(name, arguments.metrics or SETS[name], arguments.resamples)
        found += made
        licences[name] = licence
        print(f"{name} ({licence}): {len(made)} findings of {len({one.metric for one in made})} metrics")
    if arguments.check:
        held = {_key(one): one for one in read_evidence(arguments.output)}
        wrong = [one for one in found if held.get(_key(one)) != one]
        print(f"{len(found) - len(wrong)} of {len(found)} are as they stand in {arguments.output.name}")
        return int(bool(wrong))
    write_evidence(
        arguments.output, found, {"by": "python benchmarks/leaderboard_evidence.py", "harness": __version__, "licences": licences}
    )
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")
    return 0


def evidence_on(name: str, metrics: tuple[str, ...] | list[str], resamples: int) -> tuple[list[Evidence], str | None]:
    """The evidence of one set, and the licence of its data."""
    registry = load_plugins()
    data = read_source(registry, registry.parse("judgment source", name))
    rows = metaevaluate(data, list(metrics), groupings=["item"], slices=list(SLICES), resamples=resamples)
    return evidence_of(data, rows, different=different_clusters(data, SLICES)), data.info.licence


def _key(one: Evidence) -> tuple[str | None, ...]:
    return one.judgments, one.metric, one.criterion, one.raters, one.slice


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as error:
        sys.exit(str(error))
