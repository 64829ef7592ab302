"""Where the tests find the shared data and the values that independent tools computed."""

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# A deadline in wall-clock time fails the first example that imports something, and any example on a busy machine.
# On a CI machine every run draws the same examples: a red build then has a reason in the change, and
# more of them find nothing new.
CI = bool(os.environ.get("CI"))
hypothesis.settings.register_profile("no-deadline", deadline=None, derandomize=CI, max_examples=40 if CI else 100)
hypothesis.settings.load_profile("no-deadline")


@pytest.fixture(scope="session", autouse=True)
def _width_of_tables() -> None:
    """Tables are as wide as where no terminal is; processes that share out tests may say otherwise."""
    os.environ["COLUMNS"] = "120"


@pytest.fixture(scope="session", autouse=True)
def _caches_on_a_full_disk() -> None:
    """The cache keeps what it is given however full this machine's disk is; the test of the reserve sets it again."""
    import harness.cache

    harness.cache.RESERVE = 0


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data home; the test is skipped where it is absent."""
    folder = Path(os.environ.get("HARNESS_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs the data home: set HARNESS_DATA to a folder that holds it ({folder} is absent)")
    return folder


@pytest.fixture(scope="session")
def oracles() -> Path:
    """Values computed by independent tools; the test is skipped where they are absent."""
    home = os.environ.get("HARNESS_DATA")
    folder = (Path(home).parent if home else ROOT.parent / "shared") / "oracles"
    if not folder.is_dir():
        pytest.skip(f"needs the oracles folder beside the data home ({folder} is absent)")
    return folder


def pytest_configure() -> None:
    """Where tests run in the background SIGINT is ignored, and so it would be in the processes that tests interrupt."""
    import signal

    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
