"""The builder `video-text`: videos and the captions beside them become examples of kind `aligned`, and their frames video tokens.

Rows come out video by video while the tokens are written; when it has been asked to the end, the folder holds the tokens of every
video that an example names.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import BuilderSpec, hookimpl
from harness.build.rows import SetAside
from harness.records import Example
from harness_plugins.video.segments import Limits, limits_of
from harness_plugins.video.sources import check_place, in_unicode, listed, says_which
from harness_plugins.video.spoken import kinds_of

if TYPE_CHECKING:
    from harness_plugins.video.material import Material
    from harness_plugins.video.pairing import Pairs
    from harness_plugins.video.remarks import Remarks

NAME = "video-text"
VERSION = "2"
_FASTEST = 240.0  # frames a second
_RATE = 2.0


def build(
    *,
    folder: str,
    videos: Any = None,
    pairs: str | None = None,
    captions: str | None = None,
    language: str | None = None,
    languages: Any = (),
    encoding: str | None = None,
    leave_out: Any = (),
    segment: Any = None,
    rate: float = _RATE,
    height: int | None = None,
    width: int | None = None,
    tokenizer: Any = None,
    hold_out: float = 0.0,
    licence: str | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> "VideoText":
    """The builder for these parameters; ValueError or a HarnessError for those that cannot be used. Opens no video.

    `folder`: where the video tokens are written (`store`), or are already. Which videos: `videos`, folders, files or patterns,
    with captions beside them or in the folder or file `captions`; or `pairs`, a JSON Lines file that names both. `language`: of
    captions that do not say theirs; `languages`: those that are used (all); `encoding`: of captions that are not UTF-8;
    `leave_out`: what of their text is left out (`spoken`). `segment`: how many cues a row has (`segments.Limits`). `rate`: frames
    sampled a second; `height`, `width`: pixels of a frame; `tokenizer`: settings of one that is fitted on these videos, or the
    folder of a saved one; `hold_out`: the share of the videos that it is not fitted on, and on which it is measured, too (their
    tokens are made as the others'). `licence`: of the videos and captions. `workers`: processes that decode;
    `device`: where a vision encoder computes (`cpu`, `cuda`).
    """
    from harness_plugins.video.tokenizer.settings import read_settings

    if not says_which(videos, pairs):
        raise ValueError(
            "say which videos: `videos` (folders, files or patterns), or `pairs` (a JSON Lines file), one of the two"
        )
    if pairs is not None and captions is not None:
        raise ValueError("captions: a file of pairs says itself where captions are; leave one of the two out")
    where = _path("folder", folder)
    check_place(where)
    wanted = tokenizer
    if not isinstance(tokenizer, str | Path):
        wanted = {} if tokenizer is None else tokenizer
        read_settings(wanted, _size("height", height), _size("width", width))
    for name, text in (("language", language), ("encoding", encoding), ("licence", licence), ("device", device)):
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise ValueError(f"{name} is a name, got {text!r:.80}")
    return VideoText(
        where,
        videos=[_path("videos", one) for one in listed(videos)],
        pairs=None if pairs is None else _path("pairs", pairs),
        captions=None if captions is None else _path("captions", captions),
        language=language,
        languages=[str(one) for one in listed(languages)],
        encoding=_encoding(encoding),
        leave_out=kinds_of(leave_out),
        limits=limits_of(segment),
        rate=_rate(rate),
        hold_out=_share(hold_out, tokenizer),
        size=(_size("height", height), _size("width", width)),
        tokenizer=wanted,
        licence=licence,
        workers=_whole("workers", workers),
        device=device,
    )


class VideoText:
    """A DatasetBuilder. Asked again it gives the same rows; tokens that are there are not made again."""

    def __init__(
        self,
        folder: Path,
        *,
        videos: Sequence[Path],
        pairs: Path | None,
        captions: Path | None,
        language: str | None,
        languages: Sequence[str],
        encoding: str | None,
        leave_out: Sequence[str],
        limits: Limits,
        rate: float,
        hold_out: float,
        size: tuple[int | None, int | None],
        tokenizer: Any,
        licence: str | None,
        workers: int,
        device: str,
    ) -> None:
        from harness_plugins.video.remarks import Remarks

        self._folder, self._videos, self._pairs, self._captions = folder, videos, pairs, captions
        self._language, self._languages, self._encoding = language, languages, encoding
        self._leave_out, self._limits, self._rate, self._size = leave_out, limits, rate, size
        self._tokenizer, self._licence, self._workers, self._device = tokenizer, licence, workers, device
        self._hold_out = hold_out
        self._remarks: Remarks = Remarks()

    def examples(self) -> Iterator[Example | SetAside]:
        """A segment each, video by video in the order of their names, each language's in the order of time; before them what was
        set aside without decoding."""
        from harness_plugins.video.remarks import Remarks

        self._remarks = remarks = Remarks()
        counted = 0
        for row in self._rows(remarks):
            if isinstance(row, SetAside):
                remarks.set_aside(row)
            counted += isinstance(row, Example)
            yield row
        if not counted:
            raise remarks.nothing()

    def notes(self) -> list[str]:
        """What was set aside, by reason, and what was assumed, cut, or found twice."""
        return self._remarks.sentences()

    def _rows(self, remarks: "Remarks") -> Iterator[Example | SetAside]:
        from harness_plugins.video.aligned import rows_of
        from harness_plugins.video.material import look
        from harness_plugins.video.tokenise import tokenise_videos

        found = self._found()
        for sentence in found.notes:
            remarks.say(sentence)
        yield from found.aside
        material, unusable = look(found.pairs, self._encoding, self._language, self._workers)
        yield from unusable
        if not material:
            return
        remarks.videos(material)
        tokenizer = self._fitted(material, remarks)
        made = tokenise_videos(
            [(one.info.path, one.info.sha256) for one in material],
            tokenizer,
            rate=self._rate,
            folder=self._folder,
            workers=self._workers,
        )
        for one, done in zip(material, made, strict=True):
            if done.broken is not None:
                yield SetAside(id=one.pair.name, stage=NAME, reason=done.broken.reason, detail=done.broken.detail)
            else:
                yield from rows_of(one, self._folder, self._rate, self._limits, self._leave_out, self._licence, remarks)

    def _found(self) -> "Pairs":
        return _pairs(self._videos, self._pairs, self._captions, self._language, self._languages)

    def _fitted(self, material: "Sequence[Material]", remarks: "Remarks") -> Any:
        """The tokenizer, fitted or taken; one that was fitted on a file that has changed since is put aside and fitted anew."""
        from harness_plugins.video.known import keep_if_changed, remember
        from harness_plugins.video.store import TOKENIZER
        from harness_plugins.video.tokenizer.fitting import tokenizer_for

        now = {one.pair.name: (one.info.path, one.info.sha256) for one in material}
        own = not isinstance(self._tokenizer, str | Path)
        if own:
            for sentence in keep_if_changed(self._folder, now):
                remarks.say(sentence)
        fitting = tokenizer_for(
            self._tokenizer,
            [(one.info.path, one.info.sha256) for one in material],
            self._folder / TOKENIZER,
            rate=self._rate,
            height=self._size[0],
            width=self._size[1],
            workers=self._workers,
            device=self._device,
            before=lambda: remember(self._folder, now, fitted=True),  # a build that is killed knows on what it was fitted
            hold_out=self._hold_out,
        )
        remember(self._folder, now)
        remarks.tokenizer(fitting.tokenizer, fitting.report)
        return fitting.tokenizer


def reads(
    *,
    videos: Any = None,
    pairs: str | None = None,
    captions: str | None = None,
    language: str | None = None,
    languages: Any = (),
    tokenizer: Any = None,
    **_: Any,
) -> list[Path]:
    """The videos and their captions, the file of pairs, and a saved tokenizer's folder."""
    if not says_which(videos, pairs):
        return []  # `build` says what is wrong
    found = _pairs(
        [_path("videos", one) for one in listed(videos)],
        None if pairs is None else _path("pairs", pairs),
        None if captions is None else _path("captions", captions),
        language,
        [str(one) for one in listed(languages)],
    )
    files = [pair.video for pair in found.pairs]
    files += [track.path for pair in found.pairs for track in pair.tracks if track.path is not None]
    files += [] if pairs is None else [_path("pairs", pairs)]
    files += [Path(tokenizer).expanduser()] if isinstance(tokenizer, str | Path) else []
    return [file for file in files if str(file) == in_unicode(str(file))]  # the others are set aside


def leaves(*, folder: Any = None, **_: Any) -> list[Path]:
    """What says that the tokens are there, and the tokens of each video."""
    from harness_plugins.video.known import token_files

    return token_files(Path(folder).expanduser()) if isinstance(folder, str | Path) else []  # `build` says what is wrong


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "videos with captions (SRT, WebVTT, JSON Lines) as segments of text beside their span, frames as video tokens"
    about: Mapping[str, Any] = {"argument": "videos", "reads": reads, "leaves": leaves}
    return [BuilderSpec(NAME, build=build, version=VERSION, help=help, extra="video", **about)]


def _pairs(
    videos: Sequence[Path], pairs: Path | None, captions: Path | None, language: str | None, languages: Sequence[str]
) -> "Pairs":
    from harness_plugins.video.pair_files import read_pairs
    from harness_plugins.video.pairing import pairs_of

    if pairs is not None:
        return read_pairs(pairs, language, languages)
    return pairs_of(videos, captions, language, languages)


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ValueError(f"{name} is a path, got {value!r:.80}")
    return Path(value).expanduser()


def _encoding(value: str | None) -> str | None:
    import codecs

    if value is not None:
        try:
            codecs.lookup(value)
        except LookupError:
            raise ValueError(f"encoding {value!r} is not known; give one as utf-8 or cp1252") from None
    return value


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _FASTEST:
        raise ValueError(f"rate is a number of frames a second above 0 and at most {_FASTEST:g}, got {value!r:.80}")
    return float(value)


def _share(value: Any, tokenizer: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"hold_out is a share of the videos from 0 and below 1, got {value!r:.80}")
    if value and isinstance(tokenizer, str | Path):
        raise ValueError("hold_out: a saved tokenizer is not fitted here; leave one of the two out")
    return float(value)


def _size(name: str, value: Any) -> int | None:
    return None if value is None else _whole(name, value)


def _whole(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} is a whole number from 1, got {value!r:.80}")
    return value
