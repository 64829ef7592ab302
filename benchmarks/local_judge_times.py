"""Where the time of a local judge goes: what the llama.cpp server says of its stored replies.

python benchmarks/local_judge_times.py [FOLDER]

FOLDER holds replies.sqlite (default: HARNESS_CACHE, else the usual cache). For verdicts with token probabilities (ratings) and
without (comparisons): tokens of a prompt, the share of them that was there from the prompt before, milliseconds for each other
token and for each token of the reply (5th percentile, median), the prompt's share of the time, and seconds a verdict.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from harness.chat.store import ReplyStore


def timings(store: ReplyStore) -> dict[str, list[dict[str, Any]]]:
    """The `timings` of every reply that has them, by whether the request asked for token probabilities."""
    found = defaultdict(list)
    for kept in store.audit(statuses=["ok"]):
        try:
            said = json.loads(kept.raw or b"{}").get("timings")
        except ValueError:
            continue
        if said:
            found["ratings" if kept.request.params.get("logprobs") else "comparisons"].append(said)
    return found


def line(name: str, said: list[dict[str, Any]]) -> str:
    """What they say, in one line."""
    cached, new, prompt, out, reply = np.array(
        [[one[field] for field in ("cache_n", "prompt_n", "prompt_ms", "predicted_n", "predicted_ms")] for one in said]
    ).T
    seconds = np.quantile((prompt + reply) / 1000, [0.05, 0.5])
    each, decoded = np.quantile(prompt / new, [0.05, 0.5]), np.quantile(reply / out, [0.05, 0.5])
    return (
        f"{name}: {len(said):,} replies; {np.median(cached + new):.0f} tokens a prompt, "
        f"{cached.sum() / (cached + new).sum():.0%} of them at hand; "
        f"{each[0]:.1f}, {each[1]:.1f} ms for each other, {decoded[0]:.1f}, {decoded[1]:.1f} ms for each of "
        f"{np.median(out):.0f} in the reply; {prompt.sum() / (prompt + reply).sum():.0%} of the time for the prompt; "
        f"{seconds[0]:.2f}, {seconds[1]:.2f} s a verdict"
    )


if __name__ == "__main__":
    for name, said in timings(ReplyStore(Path(sys.argv[1]) if len(sys.argv) > 1 else None)).items():
        print(line(name, said))
