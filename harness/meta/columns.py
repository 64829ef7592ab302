"""Metrics as columns: one number per output, with what meta-evaluation must know about each."""

from dataclasses import dataclass

from harness.meta.pairs import Bools, Floats


@dataclass(frozen=True)
class Column:
    """One component of a metric: `values` per output, higher is better, nan where missing.

    `ranked`: a metric's main component, which enters families and rank clusters; `sentinel`: knows nothing of quality;
    `values` is None for the random sentinel, which is drawn; `eligible` (per output) leaves out the systems that are
    the reference, for metrics that use it; None means all.
    """

    signature: str
    component: str | None
    values: Floats | None
    ranked: bool
    sentinel: bool = False
    eligible: Bools | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the column."""
        return self.signature, self.component or ""
