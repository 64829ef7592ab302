"""alpaca_eval's judge loop, run by a Python that has it: `--alpaca-eval PYTHON`, or the variable ALPACA_EVAL_PYTHON.

    python -m venv peer && peer/bin/pip install alpaca-eval==0.6.6
    python benchmarks/judge_calls.py --alpaca-eval peer/bin/python

As fast as its settings let it be: all pairs in one chunk (it writes its whole cache after each), as many threads as there are
connections, log messages off, a price given, and one HTTP client for all calls instead of a new one for each (`client_kwargs`).
"""

import json
import logging
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SYSTEM = "You compare two answers to an instruction."
USER = "Instruction: {instruction}\n\nAnswer A: {output_1}\n\nAnswer B: {output_2}\n\nReply Better: A or Better: B."
PATTERNS = {1: "Better: A", 2: "Better: B"}


class Peer:
    """A running peer: `judge` makes it judge pairs at a server, with nothing kept from before."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.version = str(self._said()["version"])

    def judge(self, base_url: str, pairs: list[dict[str, str]], threads: int) -> dict[str, Any]:
        """`preferences` (1 or 2, None where there is none), `seconds` and `cpu` seconds of its loop."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"base_url": base_url, "pairs": pairs, "threads": threads}) + "\n")
        self.process.stdin.flush()
        return self._said()

    def _said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"alpaca_eval ended with {self.process.wait()}")
        return dict(json.loads(line))


@contextmanager
def started() -> Iterator[Peer | None]:
    """The peer, or None where nobody said which Python has it. Takes `--alpaca-eval PYTHON` off the command line."""
    python = os.environ.get("ALPACA_EVAL_PYTHON")
    if "--alpaca-eval" in sys.argv:
        place = sys.argv.index("--alpaca-eval")
        _, python = sys.argv.pop(place), sys.argv.pop(place)
    if python is None:
        yield None
        return
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    process = subprocess.Popen(
        [python, str(Path(__file__).resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment, "OPENAI_API_KEY": "none-needed-here", "TQDM_DISABLE": "1"},
    )
    try:
        yield Peer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _work() -> None:
    """The peer's process: a line of JSON in, a line out."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print is not an answer
    import alpaca_eval
    import openai
    from alpaca_eval.annotators import PairwiseAnnotator

    logging.disable(logging.WARNING)
    _say(answers, {"version": f"alpaca_eval {alpaca_eval.__version__}"})
    for line in sys.stdin:
        given = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            annotator = PairwiseAnnotator(
                annotators_config=_config(Path(folder)),
                caching_path=Path(folder) / "annotations.json",
                other_output_keys_to_keep=["{annotation_key}_price_per_example", "{annotation_key}_raw_completion"],
            )
            with openai.DefaultHttpxClient() as shared:
                started, cpu = time.perf_counter(), time.process_time()
                judged = annotator.annotate_pairs(
                    given["pairs"],
                    chunksize=None,
                    num_procs=given["threads"],
                    openai_api_base=given["base_url"],
                    client_kwargs={"http_client": shared},
                )
                took = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
            preferences = [row["preference"] for row in judged]
            known = [None if value is None or math.isnan(value) else int(value) for value in preferences]
            _say(answers, {"preferences": known, **took})


def _config(folder: Path) -> str:
    """An evaluator of its kind: a prompt, a model, a parser of patterns."""
    chat = f"<|im_start|>system\n{SYSTEM}\n<|im_end|>\n<|im_start|>user\n{USER}\n<|im_end|>"
    (folder / "prompt.txt").write_text(chat, encoding="utf-8")
    config = {
        "prompt_template": str(folder / "prompt.txt"),
        "fn_completions": "openai_completions",
        "completions_kwargs": {"model_name": "judge", "max_tokens": 16, "temperature": 0, "price_per_token": 1e-6},
        "fn_completion_parser": "regex_parser",
        "completion_parser_kwargs": {"outputs_to_match": PATTERNS},
        "batch_size": 1,
        "is_randomize_output_order": False,
    }
    numbered = re.sub(r'"([12])":', r"\1:", json.dumps({"judge": config}))  # YAML's keys may be numbers
    (folder / "configs.yaml").write_text(numbered, encoding="utf-8")
    return str(folder / "configs.yaml")


def _say(file: Any, what: dict[str, Any]) -> None:
    file.write(json.dumps(what) + "\n")
    file.flush()


if __name__ == "__main__":
    _work()
