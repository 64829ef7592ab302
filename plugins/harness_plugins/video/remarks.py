"""What a user is to know of a build beside its rows, gathered while it runs: what was set aside, cut, assumed or found twice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.build.rows import SetAside
    from harness_plugins.video.material import Material
    from harness_plugins.video.segments import Fitted
    from harness_plugins.video.tokenizer.tokenizer import Tokenizer

_SHOWN = 5  # of each kind; the others stand in the table of what was removed


class Remarks:
    """Gathers; `sentences` tells."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._aside: dict[str, list[str]] = {}
        self._cut: list[str] = []
        self._overlaps: list[tuple[str, int]] = []
        self._tokenizer = ""

    def say(self, sentence: str) -> None:
        """A sentence as it is."""
        self._said.append(sentence)

    def set_aside(self, row: "SetAside") -> None:
        """A row that was set aside."""
        self._aside.setdefault(row.reason, []).append(f"{row.id} ({row.detail})")

    def videos(self, material: "Sequence[Material]") -> None:
        """What is unusual about videos that are used."""
        same: dict[str, list[str]] = {}
        for one in material:
            info = one.info
            same.setdefault(info.sha256, []).append(one.pair.name)
            if info.streams > 1:
                self.say(f"{one.pair.name} has {info.streams} video streams; the first is used")
            if not info.timed:
                self.say(f"{one.pair.name}: its frames have no times; they are reckoned from {info.rate or 0:g} frames a second")
        for names in same.values():
            if len(names) > 1:
                self.say(f"{' and '.join(names[:_SHOWN])}{_more(names)} are the same file; its tokens are made once")

    def cues(self, video: str, captions: str, fitted: "Fitted", end: float) -> None:
        """What was done to the cues of a video."""
        self._cut += [f"{video} ({captions}, line {cue.line}: to {cue.end:g} s of {end:.2f})" for cue in fitted.cut]
        if fitted.overlap:
            self._overlaps.append((f"{video} ({captions})", fitted.overlap))

    def tokenizer(self, tokenizer: "Tokenizer", report: dict[str, Any]) -> None:
        """How well the tokenizer tells what it was fitted on, and what was held out; or that this is not known."""
        from harness_plugins.video.tokenizer.report import REPORT, not_measured

        levels = report.get("levels") or []
        name, lacking = f"tokenizer {tokenizer.digest[:12]}", not_measured(tokenizer.fitted, report)
        if not levels:
            self._tokenizer = f"{name}: how well it tells what it was fitted on is not known, for it has no {REPORT}"
            self._tokenizer += f"; {lacking}" if lacking else ""
            return
        used = ", ".join(f"{level['used']:,} of {level['codes']:,}" for level in levels)
        explained = levels[-1].get("explained")
        told = "" if explained is None else f"; they explain {explained:.1%} of the features' variance"
        psnr = report.get("psnr")
        drawn = "" if psnr is None else f" (PSNR {psnr:.1f} dB)"
        patches = report.get("patches")
        on = "" if patches is None else f"; of the {patches:,} patches that it was fitted on"
        self._tokenizer = f"{name}: {used} codes are used{told}{drawn}{on}"
        held = report.get("held_out") or {}
        if held.get("levels"):
            explained, psnr = held["levels"][-1].get("explained"), held.get("psnr")
            told = "" if explained is None else f", {explained:.1%} explained"
            drawn = "" if psnr is None else f" (PSNR {psnr:.1f} dB)"
            used = ", ".join(f"{level['used']:,} of {level['codes']:,}" for level in held["levels"])
            count = _count(held["videos"], "video")
            self._tokenizer += f"; on {count} held out: {used} codes{told}{drawn}, of {held['patches']:,} patches"
        self._tokenizer += f"; {lacking}" if lacking else ""

    def sentences(self) -> list[str]:
        """All of it, the gravest first."""
        found = [
            f"set aside, {reason}: {'; '.join(names[:_SHOWN])}{_more(names)}" for reason, names in sorted(self._aside.items())
        ]
        if self._cut:
            some = "; ".join(self._cut[:_SHOWN])
            found.append(f"{_count(len(self._cut), 'cue')} cut where the video ends: {some}{_more(self._cut)}")
        if self._overlaps:
            total = sum(count for _, count in self._overlaps)
            some = "; ".join(name for name, _ in self._overlaps[:_SHOWN])
            verb = "overlaps an earlier one" if total == 1 else "overlap an earlier one"
            found.append(f"{_count(total, 'cue')} {verb}, each keeps its span: {some}{_more(self._overlaps)}")
        return [*found, *self._said, *([self._tokenizer] if self._tokenizer else [])]

    def nothing(self) -> InputError:
        """The error of a build without a single row."""
        tried = sum(map(len, self._aside.values()))
        why = "; ".join(f"{reason}: {'; '.join(names[:_SHOWN])}{_more(names)}" for reason, names in sorted(self._aside.items()))
        return InputError(f"no video with captions can be used; {tried} set aside: {why}")


def _more(names: Sequence[Any]) -> str:
    return f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
