"""The other side of the checks `process`: builds what comes in on stdin, asks it, and writes what it said."""

import pickle
import sys

_NOT_FOUND = 4


def main() -> None:
    """Ends with code 4 where the metric's module cannot be imported here."""
    from harness.plugins import load_plugins
    from harness.protocols import MetricSpec
    from harness.registry import Entry, PluginRef, Registry
    from harness.stages.metrics import ask, build_metrics, prepare
    from harness.testing.probes import units_of

    file, what = pickle.loads(sys.stdin.buffer.read())
    if file is not None:  # puts its module where pickle looks for it
        load_plugins([file], strict=False)
    try:
        build, params, told = pickle.loads(what)
    except (ImportError, AttributeError):
        raise SystemExit(_NOT_FOUND) from None
    out, sys.stdout = sys.stdout, sys.stderr
    registry = Registry()
    spec = MetricSpec("probed", build=build, **told)
    registry.entries["metric"]["probed"] = Entry(spec, "probed", "a fresh process")
    examples, units = units_of(spec)
    (metric,) = build_metrics(registry, [PluginRef("probed", params)])
    prepare(metric, examples)
    out.buffer.write(pickle.dumps([score.value for score in ask(metric, units)]))
    out.flush()


def rows() -> None:
    """Builds the builder or judgment source that comes in on stdin, and writes the digest of what it yields."""
    from itertools import islice

    from harness.records import digest

    try:
        build, params, method, limit = pickle.loads(sys.stdin.buffer.read())
    except (ImportError, AttributeError):
        raise SystemExit(_NOT_FOUND) from None
    out, sys.stdout = sys.stdout, sys.stderr
    out.write(digest(islice(getattr(build(**params), method)(), limit)))
    out.flush()
