"""What a command says of how far it is: on a terminal and elsewhere, of a metric that takes its time over one batch."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

OUTSIDE = Path(__file__).resolve().parents[2] / "plugin_package" / "outside_plugins"
SECONDS = 1.5
SLOW = f"""
import time

from harness import MetricSpec, hookimpl


class Slow:
    signature = "slow|v:1"

    def score(self, units):
        time.sleep({SECONDS})
        return [1.0 for _ in units]


@hookimpl
def harness_metrics():
    return [MetricSpec("slow", build=Slow, version="1", batch_size=1024)]
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """`harness score` of six outputs, which the slow metric takes in one batch."""
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW, encoding="utf-8")
    plugins = ["--plugin", str(OUTSIDE / "weather.py"), "--plugin", str(slow)]
    run = ["--output", str(tmp_path / "run"), "--fresh"]
    return [sys.executable, "-m", "harness", "score", "--judgments", "weather", "-m", "slow", *plugins, *run]


def on_a_terminal(command: list[str]) -> str:
    """What the command writes to a terminal, without its colours."""
    control, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, stdin=subprocess.DEVNULL, env=environment)
    os.close(terminal)
    said = b""
    try:
        while some := os.read(control, 65536):
            said += some
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(control)
    assert child.wait() == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())


def test_the_line_of_a_metric_that_is_asked_in_one_batch_says_how_long_that_took(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"^slow: 6 of 6, ([\d.]+) s$", done.stderr, re.MULTILINE)
    assert found is not None, done.stderr
    assert SECONDS - 0.1 <= float(found[1]) < 60
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.search(r"^slow: 6 of 6 \(6 reused\), 0\.\d s$", again.stderr, re.MULTILINE), again.stderr


def test_a_terminal_shows_the_metric_while_it_is_asked_and_then_its_rate_and_time(command: list[str]) -> None:
    shown = re.split(r"[\r\n]+", on_a_terminal(command))
    bars = [line.strip() for line in shown if line.startswith("slow")]
    assert sum("0/6" in line for line in bars) >= 3  # it is drawn again and again meanwhile
    rate = re.search(r"6/6 ([\d.]+)/s 0:00:(\d\d)", bars[-1])
    assert rate is not None, bars[-1]
    assert 6 / 60 < float(rate[1]) <= 6 / (SECONDS - 0.1)
    assert int(rate[2]) >= int(SECONDS)
    taken_over = [line for line in re.split(r"[\r\n]+", on_a_terminal(command)) if line.startswith("slow (6 reused)")]
    assert taken_over
    assert "/s" not in taken_over[-1]  # nothing was done now
