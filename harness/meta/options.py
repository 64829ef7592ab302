"""What a meta-evaluation computes: the config section `metaevaluate`, and the options of `harness metaeval`."""

from typing import Literal

import msgspec

Grouping = Literal["item", "system", "none"]
_MOST = 1_000_000  # resamples or draws; more is a slip of the key, and would take hours and gigabytes


class MetaOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every choice that changes a number. Defaults are the harness's definitions (docs/explanation/statistics.md)."""

    criteria: tuple[str, ...] = ()  # empty: all
    groupings: tuple[Grouping, ...] = ("item", "system", "none")
    slices: tuple[str, ...] = ("form", "task", "language", "length", "systems")
    raters: Literal["primary", "mean", "median", "majority", "each"] = "primary"
    epsilon_scope: Literal["global", "slice"] = "slice"
    gap_tolerance: float = 0.0
    folds: int = 5
    resamples: int = 2000
    level: float = 0.95
    draws: int = 1000  # sign flips of the paired test; raised to what the family needs
    alpha: float = 0.05
    test: Literal["sign-flip", "score-swap", "pair-swap", "bootstrap"] = "sign-flip"
    system_interval: Literal["sure-pairs", "percentile"] = "sure-pairs"  # of system-level pairwise accuracy
    heldout_interval: Literal["half-recalibrated", "fixed"] = "half-recalibrated"  # of metrics with few different scores
    random_draws: int = 200
    seed: int = 0
    max_pairs: int = 60_000_000

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(f"folds must be at least 2, got {self.folds}")
        if self.folds > 1000:
            raise ValueError(f"folds must be at most 1,000, got {self.folds}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {self.level:g}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {self.alpha:g}")
        if self.alpha < 1e-6:
            raise ValueError(f"alpha must be at least 0.000001, got {self.alpha:g}")
        if self.gap_tolerance < 0:
            raise ValueError(f"gap_tolerance must not be negative, got {self.gap_tolerance:g}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        for name in ("resamples", "draws", "random_draws"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
            if getattr(self, name) > _MOST:
                raise ValueError(f"{name} must be at most {_MOST:,}, got {getattr(self, name)}")
