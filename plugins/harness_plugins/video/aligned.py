"""Examples of kind `aligned`: segments of a video's captions, each with its span and the number of its frames."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.build.rows import SetAside
from harness.records import Example, MediaPart, Message, Origin, TextPart
from harness_plugins.video.pairing import STAGE
from harness_plugins.video.segments import Limits, Segment, fit, segments
from harness_plugins.video.spoken import spoken_cues

if TYPE_CHECKING:
    from harness_plugins.video.captions.cues import Cue
    from harness_plugins.video.material import Material
    from harness_plugins.video.remarks import Remarks


def rows_of(
    one: "Material",
    folder: Path,
    rate: float,
    limits: Limits,
    leave_out: Sequence[str],
    licence: str | None,
    remarks: "Remarks",
) -> Iterator[Example | SetAside]:
    """A video's segments in order of time, language by language, and the cues that are none, each with its reason. Its tokens lie
    in `folder`."""
    from harness_plugins.video.store import VideoTokens

    tokens = VideoTokens(folder)
    times, _ = tokens.video(one.info.sha256)
    if not len(times):
        yield SetAside(id=one.pair.name, stage=STAGE, reason="no-frames", detail="no frame of it was sampled")
        return
    begins, ends = one.info.begins, end_of(float(times[-1]), rate, one.info.duration)
    cluster = one.pair.cluster or f"video/{one.info.sha256[:16]}"
    origin = Origin(builder=STAGE, dataset=one.pair.name.partition("/")[0], licence=licence)
    for track, captions in one.tracks:
        where = f"{one.pair.name}/{track.language}"

        def aside(line: int, reason: str, detail: str, where: str = where, file: str = track.name) -> SetAside:
            return SetAside(id=f"{where}/line-{line}", stage=STAGE, reason=reason, detail=f"{file}, line {line}: {detail}")

        for problem in captions.problems:
            yield aside(problem.line, problem.reason, problem.detail)
        spoken, empty = spoken_cues(captions.cues, leave_out)
        for cue in empty:
            yield aside(cue.line, "no-words", f"no word is in {cue.text!r:.80}")
        fitted = fit(spoken, begins, ends)
        for cue in fitted.repeated:
            yield aside(cue.line, "repeated-cue", f"the same text at the same time was there before: {cue.text!r:.80}")
        for cue in fitted.past:
            yield aside(cue.line, "no-picture", f"{_span(cue)}, and the pictures are there from {begins:.2f} to {ends:.2f} s")
        remarks.cues(one.pair.name, track.name, fitted, ends)
        for number, segment in enumerate(segments(fitted.cues, limits), 1):
            meta: dict[str, Any] = {
                "video": one.pair.name,
                "captions": track.name,
                "frames": frames_within(times, segment.start, segment.end),
                "cues": [{"start": cue.start, "end": cue.end, "line": cue.line} for cue in segment.cues],
            }
            speakers = list(dict.fromkeys(cue.speaker for cue in segment.cues if cue.speaker))
            yield Example(
                id=f"{where}/{number}",
                kind="aligned",
                language=track.language or "und",
                messages=(_message(one, segment),),
                cluster_id=cluster,
                origin=origin,
                meta=meta | ({"speakers": speakers} if speakers else {}),
            )


def end_of(last: float, rate: float, announced: float | None) -> float:
    """When a video's last picture ends: the sample at `last` is there, the next time of the grid is not; between the two it is
    what the file announces, if it announces as much."""
    latest = last + 1 / rate
    return latest if announced is None or announced <= last else min(announced, latest)


def frames_within(times: Any, start: float, end: float) -> int:
    """How many sampled frames a span has for those who learn from it (`store.VideoTokens.of`): one at least."""
    import numpy as np

    first, after = np.searchsorted(times, (start - 1e-6, end - 1e-6))
    return max(int(after - first), 1)


def _message(one: "Material", segment: Segment) -> Message:
    video = MediaPart(
        media="video", uri=str(one.info.path), sha256=one.info.sha256, start=float(segment.start), end=float(segment.end)
    )
    return Message(role="document", parts=(TextPart(text=segment.text), video))


def _span(cue: "Cue") -> str:
    return f"{cue.start:g}–{cue.end:g} s"
