"""The answers of models side by side: differences of an occurrence's log-probabilities, by seed."""

from collections.abc import Mapping, Sequence

import msgspec

from harness_plugins.video.probe import statistics as stats
from harness_plugins.video.probe.arms import of_size
from harness_plugins.video.probe.results import Answers, Asked
from harness_plugins.video.probe.statistics import Settings
from harness_plugins.video.probe.table import Floats, WordTable


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) or "none"


class SeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One seed alone: mean over words, and rho with imageability; None where not defined."""

    seed: int
    mean: float | None
    spearman: float | None


class Held:
    """The answers by size, arm and condition, with what statistics need."""

    def __init__(self, answers: Mapping[Asked, Answers], table: WordTable, settings: Settings) -> None:
        self.answers, self.table, self.settings = answers, table, settings
        self.notes: list[str] = []

    def arms(self, size: str) -> list[str]:
        """Arms with video of a size."""
        return list(dict.fromkeys(one.trained for one in self.answers if one.size == size and one.trained != "none"))

    def conditions(self, size: str, arm: str) -> list[str]:
        """What an arm was shown."""
        return list(dict.fromkeys(one.shown for one in self.answers if (one.size, one.trained) == (size, arm)))

    def seeds(self, size: str, *wanted: tuple[str, str]) -> list[int]:
        """Seeds that have all of these (arm, shown); what is not common to all is left out, with a note."""
        by_arm = [
            {one.seed for one in self.answers if (one.size, one.trained, one.shown) == (size, arm, shown)}
            for arm, shown in wanted
        ]
        common = sorted(set.intersection(*by_arm))
        lost = sorted(set.union(*by_arm) - set(common))
        if lost:
            arms = " and ".join(arm for arm, _ in wanted)
            note = (
                f"{of_size(size)}{arms} have the seeds {_listed(common)} in common; {_listed(lost)} left out of their difference"
            )
            if note not in self.notes:
                self.notes.append(note)
        return common

    def said(self, size: str, arm: str, shown: str, seed: int) -> Floats:
        """Log-probabilities (N,)."""
        return self.answers[Asked(size=size, seed=seed, trained=arm, shown=shown)].logprob

    def gain(self, size: str, arm: str) -> dict[int, Floats]:
        """By seed: with video less text alone."""
        seeds = self.seeds(size, (arm, arm), ("none", "none"))
        return {seed: self.said(size, arm, arm, seed) - self.said(size, "none", "none", seed) for seed in seeds}

    def reliance(self, size: str, arm: str, removed: str) -> dict[int, Floats]:
        """By seed: with video less what stands in its place."""
        seeds = self.seeds(size, (arm, arm), (arm, removed))
        return {seed: self.said(size, arm, arm, seed) - self.said(size, arm, removed, seed) for seed in seeds}

    def seed_rows(self, by_seed: Mapping[int, Floats]) -> tuple[SeedRow, ...]:
        """Each seed alone, without intervals."""
        quick = Settings(2, 1, self.settings.level, self.settings.seed, self.settings.by, self.settings.least)
        return tuple(
            SeedRow(
                seed=seed,
                mean=stats.mean(self.table, values, quick).value,
                spearman=stats.spearman(self.table, values, quick).value,
            )
            for seed, values in by_seed.items()
        )
