"""`pytest --metric-gate`: the gate as tests, one a metric; and the fixture `metric_gate` for tests of one's own.

pytest loads this module wherever the package is installed, so it imports nothing else of it before it is asked to.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.gate.findings import Finding

_OPTION = "--metric-gate"
_REST = "everything-else"  # what is about no metric of the gate: statistics, judges


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the setting `metric_gate` of pytest's own configuration."""
    group = parser.getgroup("metric gate", "metrics held to their baseline")
    group.addoption(
        _OPTION,
        nargs="?",
        const="",
        default=None,
        metavar="FILE.yaml",
        help="Test that no metric changed: the gate of this file, of the setting metric_gate, or of gate.yaml.",
    )
    group.addoption(
        "--metric-gate-strict", action="store_true", default=False, help="What is inconclusive fails; else it is a warning."
    )
    parser.addini("metric_gate", "The gate of `pytest --metric-gate` and of the fixture `metric_gate`.", default="gate.yaml")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """`pytest --metric-gate tests`: what follows is the gate's file only if it looks like one."""
    for place, arg in enumerate(args[:-1]):
        if arg == _OPTION and not args[place + 1].endswith((".yaml", ".yml")):
            args[place] = f"{_OPTION}="


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "metric_gate: a test of the gate; `-m metric_gate` runs nothing else")
    if config.getoption("metric_gate") is not None:
        config.pluginmanager.register(_GateTests(config), "metric-gate-tests")


class MetricGate:
    """The fixture `metric_gate`: call it to hold metrics to their baseline."""

    def __init__(self, default: Path, root: Path) -> None:
        self._default, self._root = default, root

    def __call__(
        self,
        config: str | Path | None = None,
        *,
        metrics: Sequence[str] = (),
        checks: Sequence[str] = (),
        strict: bool = False,
    ) -> "list[Finding]":
        """The findings; fails the test with what is wrong where a check of the gate fails.

        `config`: the gate's file, relative to pytest's root folder. `metrics`, `checks`: only these. `strict`: what is
        inconclusive fails too.
        """
        __tracebackhide__ = True
        found = self.findings(config, metrics=metrics, checks=checks)
        wrong = [one for one in found if one.level in ("fail", "error") or (strict and one.level == "inconclusive")]
        if wrong:
            pytest.fail(_told(wrong), pytrace=False)
        return found

    def findings(
        self, config: str | Path | None = None, *, metrics: Sequence[str] = (), checks: Sequence[str] = ()
    ) -> "list[Finding]":
        """What every check of the gate found; fails nothing."""
        return _findings(self._default if config is None else self._root / config, metrics, checks)


@pytest.fixture(scope="session")
def metric_gate(pytestconfig: pytest.Config) -> MetricGate:
    """Holds metrics to their baseline: `metric_gate("gate.yaml", metrics=["mine"])` fails where one changed."""
    return MetricGate(_file(pytestconfig), pytestconfig.rootpath)


class GateItem(pytest.Item):
    """All checks of one metric; `metric` is None in the last test, which tells what is about no metric of the gate."""

    metric: str | None = None
    gate: "_GateTests"

    def runtest(self) -> None:
        from harness.gate.shown import visible

        own = [one for one in self.gate.findings() if self._tells(one)]
        bad = ("fail", "error", "inconclusive") if self.config.getoption("metric_gate_strict") else ("fail", "error")
        wrong = [one for one in own if one.level in bad]
        if wrong:
            raise _Changed(_told(wrong))
        for one in own:
            if one.level != "pass":
                self.warn(pytest.PytestWarning(f"{one.level}: {visible(one.message)}"))

    def _tells(self, finding: "Finding") -> bool:
        return finding.metric not in self.gate.metrics if self.metric is None else finding.metric == self.metric

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What changed, without a traceback."""
        from harness.errors import HarnessError
        from harness.gate.shown import visible

        if isinstance(excinfo.value, _Changed):
            return str(excinfo.value)  # its texts are written out already
        if isinstance(excinfo.value, HarnessError):
            return visible(str(excinfo.value))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"metric gate: {self.name}"


class _Changed(Exception):
    pass


class _GateTests:
    """The gate's tests in one run of pytest, in which the gate runs once: of several processes the first, and the others read."""

    def __init__(self, config: pytest.Config) -> None:
        from harness.errors import HarnessError
        from harness.gate.baseline import read_baseline
        from harness.gate.config import load_gate

        self._file = _file(config)
        try:
            loaded = load_gate(self._file)
            read_baseline(loaded.baseline)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        self.metrics = tuple(str(ref) for ref in loaded.metrics)
        self._found: list[Finding] | None = None
        self._own: tempfile.TemporaryDirectory[str] | None = None
        given: str | None = getattr(config, "workerinput", {}).get("metric_gate_folder")
        if given is None or not Path(given).is_dir():
            self._own = tempfile.TemporaryDirectory(prefix="metric-gate-")
            given = self._own.name
        self._folder = Path(given)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """The gate's tests, before others choose among all tests by name and mark."""
        parent: _GateFile = _GateFile.from_parent(session, path=self._file)
        for metric in (*self.metrics, None):
            item: GateItem = GateItem.from_parent(parent, name=_REST if metric is None else metric)
            item.metric, item.gate = metric, self
            item.add_marker("metric_gate")
            items.append(item)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tells each process of pytest-xdist where the others put what they found."""
        node.workerinput["metric_gate_folder"] = str(self._folder)

    def pytest_unconfigure(self) -> None:
        if self._own is not None:
            self._own.cleanup()

    def findings(self) -> "list[Finding]":
        """What the gate found, by the first of all processes that asks."""
        import msgspec

        from harness.gate.findings import Finding

        if self._found is None:
            kept = self._folder / "findings.json"
            with _locked(self._folder / "lock"):
                if not kept.exists():
                    kept.write_bytes(msgspec.json.encode(_findings(self._file, (), ())))
                self._found = msgspec.json.decode(kept.read_bytes(), type=list[Finding])
        return self._found


class _GateFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _file(config: pytest.Config) -> Path:
    """The gate's file: what the option names, from where pytest was called; else what the setting names, from its root folder."""
    given = config.getoption("metric_gate", None)
    if given:
        return Path(config.invocation_params.dir, given)
    return Path(config.rootpath, config.getini("metric_gate"))


def _findings(file: Path, metrics: Sequence[str], checks: Sequence[str]) -> "list[Finding]":
    from harness.gate.baseline import read_baseline
    from harness.gate.caches import fresh_caches
    from harness.gate.checks import parts_for, run_checks
    from harness.gate.config import chosen, load_gate
    from harness.gate.measure import measure
    from harness.plugins import load_plugins

    loaded = chosen(load_gate(file), tuple(metrics))
    parts = parts_for(checks)
    before = read_baseline(loaded.baseline)
    with fresh_caches():
        return run_checks(loaded, before, measure(loaded, load_plugins(loaded.plugins), parts=parts), checks)


def _told(findings: "Sequence[Finding]") -> str:
    return "\n".join(line for one in findings for line in _lines(one))


def _lines(finding: "Finding") -> Iterator[str]:
    from harness.gate.shown import visible

    yield f"{finding.level}: {visible(finding.message)}"
    for pair in finding.moved:
        before, now = ("no score" if value is None else f"{value:.6g}" for value in (pair.before, pair.now))
        yield f"  {visible(pair.pair)}: {before} → {now}"
    if finding.moved:
        yield f"  `harness gate explain {visible(finding.metric)}` shows them side by side"
