"""The builder `shapes`: a world that is made up. Clips of things that move are drawn to video files, with captions in Swedish
and English whose words can be seen to a degree that is known.

```
<folder>/
  world.json       the settings that the clips follow from
  words.csv        the norms: imageability, word class, frequency of every word that can be probed (`lexicon`)
  clips/*.mp4      the clips, by number
  tokens/          their video tokens (`video.store`), where a `tokenizer` is asked for
```
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness import BuilderSpec, hookimpl
from harness.build.options import SplitOptions
from harness.build.rows import SetAside
from harness.build.splits import split_of
from harness.errors import InputError
from harness.records import Example, MediaPart, Message, Origin, TextPart
from harness.whole_files import replace_file
from harness_plugins.video.world.settings import World, whole, world_of
from harness_plugins.video.world.words import LANGUAGES, SHOWN

NAME = "shapes"
VERSION = "2"
WORLD, WORDS, CLIPS, TOKENS = "world.json", "words.csv", "clips", "tokens"


def build(
    *,
    folder: str,
    clips: int = 1000,
    languages: Sequence[str] = LANGUAGES,
    name: str = NAME,
    tokenizer: Any = None,
    sampled: float = 2.0,
    workers: int = 1,
    splits: Any = None,
    seed: int = 0,
    frames: int = 16,
    rate: int = 8,
    height: int = 64,
    width: int = 64,
    codec: str = "mpeg4",
    noise: float = 0.02,
    jitter: float = 0.5,
    classes: Sequence[str] = tuple(SHOWN),
    words: int = 10,
    unseen: int = 3,
    levels: Sequence[float] = (1.0, 0.75, 0.5, 0.25),
    second: float = 1.0,
    told: float = 0.5,
    zipf: float = 0.0,
    confound: bool = False,
) -> "Shapes":
    """The builder for these parameters; ValueError or a HarnessError for those that cannot be used. Draws nothing.

    `folder`: where clips, norms and tokens are written; asked again for more `clips`, it draws those that are missing.
    `languages`: of the captions, one example each. `name`: first part of every id. `tokenizer`: as of `video-text`, settings of
    one that is fitted on these clips, or the folder of a saved one; `sampled`: frames a second that become tokens; `workers`:
    processes that tokenise. `splits`: shares, as of a build.

    What the world is like. `frames` of `height` × `width` pixels, `rate` a second, written by `codec` (mpeg4, libx264).
    `noise`: standard deviation of the pixels, as a share of white; `jitter`: how much places and sizes vary, 0 to 1.
    `classes`: those of colour, form, motion, size and landmark that captions name; `words`: how many of each can be shown, at
    most; `unseen`: how many cannot, beside them. `levels`: visibilities, given to the former in turn. `second`: share of clips
    with a second thing, which size and landmark are about. `told`: about the share of captions with an opening (day,
    somebody's opinion), and of those with a closing (mood, weather). `zipf`: words of a class have frequencies ∝ rank^-zipf.
    `confound`: imageable words are the frequent ones, and what can be seen of a word hangs on its frequency alone.
    """
    settings = {
        "seed": seed,
        "frames": frames,
        "rate": rate,
        "height": height,
        "width": width,
        "codec": codec,
        "noise": noise,
        "jitter": jitter,
        "classes": classes,
        "words": words,
        "unseen": unseen,
        "levels": levels,
        "second": second,
        "told": told,
        "zipf": zipf,
        "confound": confound,
    }
    if not isinstance(folder, str | Path) or not str(folder).strip():
        raise ValueError(f"folder is where the world's clips are written, got {folder!r:.80}")
    place = Path(folder).expanduser()
    if place.exists() and not place.is_dir():
        raise InputError(f"folder: {place} is a file; give the folder that the world's clips are written to")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ValueError(f"name is the first part of every id: letters, digits, hyphens and dots, got {name!r:.80}")
    world, chosen = world_of(settings, languages)
    if isinstance(sampled, bool) or not isinstance(sampled, int | float) or not 0 < sampled <= 1000:
        raise ValueError(f"sampled is a number of frames a second, above 0 and at most 1000, got {sampled!r:.80}")
    try:
        shares = SplitOptions() if splits is None else msgspec.convert(splits, SplitOptions)
    except msgspec.ValidationError as error:
        raise ValueError(f"splits: {error}") from None
    if tokenizer is not None and not isinstance(tokenizer, str | Path):
        from harness_plugins.video.tokenizer.settings import read_settings

        read_settings(tokenizer, **_seen_size(tokenizer, world))
    return Shapes(
        place,
        world,
        whole("clips", clips, 1),
        chosen,
        name=name,
        tokenizer=tokenizer,
        sampled=float(sampled),
        workers=whole("workers", workers, 1),
        splits=shares,
    )


class Shapes:
    """A DatasetBuilder. Rows come while clips are drawn; when it has been asked to the end, the tokens are there as well."""

    def __init__(
        self,
        folder: Path,
        world: World,
        clips: int,
        languages: Sequence[str],
        *,
        name: str,
        tokenizer: Any,
        sampled: float,
        workers: int,
        splits: SplitOptions,
    ) -> None:
        self._folder, self._world, self._clips, self._languages = folder, world, clips, tuple(languages)
        self._name, self._tokenizer, self._sampled, self._workers = name, tokenizer, sampled, workers
        self._splits = splits

    def examples(self) -> Iterator[Example | SetAside]:
        """An example for each clip and language, in the order of the clips."""
        from harness_plugins.video.world.lexicon import lexicon
        from harness_plugins.video.world.scenes import draw_scene

        entries = lexicon(self._world)
        self._begin()
        videos: list[tuple[Path, str]] = []
        for clip in range(self._clips):
            scene = draw_scene(self._world, entries, clip)
            path, sha256 = self._clip(clip, scene)
            videos.append((path, sha256))
            for language in self._languages:
                yield self._example(clip, language, scene, path, sha256)
        if self._tokenizer is not None:
            self._tokenise(videos)

    def _begin(self) -> None:
        """Writes what the folder is; InputError where it is another world."""
        from harness_plugins.video.world.lexicon import lexicon

        path = self._folder / WORLD
        if path.is_file():
            try:
                before = msgspec.json.decode(path.read_bytes(), type=World)
            except (msgspec.DecodeError, OSError) as error:
                raise InputError(f"{path}: not the settings of a world ({error}); give another folder, or delete it") from error
            if before != self._world:
                changed = ", ".join(
                    f"{name} {getattr(before, name)} → {getattr(self._world, name)}"
                    for name in World.__struct_fields__
                    if getattr(before, name) != getattr(self._world, name)
                )
                raise InputError(f"{self._folder} holds another world ({changed}); give another folder, or delete it")
        (self._folder / CLIPS).mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.json.format(msgspec.json.encode(self._world, order="sorted")) + b"\n")
        replace_file(self._folder / WORDS, norms_table(lexicon(self._world)))

    def _clip(self, clip: int, scene: Any) -> tuple[Path, str]:
        """The clip's file, drawn if it is not there, and its sha256."""
        from harness_plugins.video.world.render import encoded, frames_of

        path = self._folder / CLIPS / f"{clip:06d}.mp4"
        if path.is_file():
            return path, hashlib.sha256(path.read_bytes()).hexdigest()
        data = encoded(self._world, frames_of(self._world, scene))
        replace_file(path, data)
        return path, hashlib.sha256(data).hexdigest()

    def _example(self, clip: int, language: str, scene: Any, path: Path, sha256: str) -> Example:
        from harness_plugins.video.world.grammar import caption

        cluster = f"{self._name}/{clip:06d}"
        text, said = caption(language, scene.said, scene.beside)
        seconds = self._world.frames / self._world.rate
        video = MediaPart(media="video", uri=path.as_posix(), sha256=sha256, start=0.0, end=seconds)
        words = [
            {
                "word": one.word,
                "class": one.word_class,
                "visible": scene.visible[one.word_class],
                "seen": scene.shown.get(one.word_class) == one.term,
                "start": one.start,
                "end": one.end,
            }
            for one in said
        ]
        return Example(
            id=f"{cluster}-{language}",
            kind="aligned",
            language=language,
            messages=(Message(role="document", parts=(TextPart(text=text), video)),),
            cluster_id=cluster,
            parallel_id=cluster,
            split=split_of(cluster, self._splits),
            origin=Origin(builder=NAME, dataset=self._name, licence="CC0-1.0"),
            meta={"truth": dict(scene.shown), "words": words, "frames": self._world.frames},
        )

    def _tokenise(self, videos: Sequence[tuple[Path, str]]) -> None:
        from harness_plugins.video.store import TOKENIZER
        from harness_plugins.video.tokenise import tokenise_videos
        from harness_plugins.video.tokenizer.fitting import tokenizer_for

        folder = self._folder / TOKENS
        how: dict[str, Any] = {"rate": self._sampled, "workers": self._workers}
        size: dict[str, Any] = _seen_size(self._tokenizer, self._world)
        fitting = tokenizer_for(self._tokenizer, videos, folder / TOKENIZER, **how, **size)
        found = tokenise_videos(videos, fitting.tokenizer, folder=folder, **how)
        broken = [one for one in found if one.broken is not None]
        if broken:
            first = broken[0]
            raise InputError(
                f"{len(broken)} of the world's clips cannot be read any more ({first.path.name}: {first.broken}); delete them, "
                "and build again"
            )


def _seen_size(tokenizer: Any, world: World) -> dict[str, Any]:
    """Height and width of frames for a tokenizer that is fitted on patches: the world's own. An encoder has its own."""
    patches = isinstance(tokenizer, Mapping) and "model" not in tokenizer and tokenizer.get("kind") != "encoder"
    return {"height": world.height, "width": world.width} if patches else {}


def norms_table(entries: Any) -> bytes:
    """The table of norms, in all languages, as CSV."""
    from harness_plugins.video.world.lexicon import COLUMNS, norms

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(norms(entries, LANGUAGES))
    return text.getvalue().encode()


def reads(*, tokenizer: Any = None, **_: Any) -> list[Path]:
    """A saved tokenizer's folder; all else is made."""
    from harness import named_files

    return named_files(tokenizer=tokenizer) if isinstance(tokenizer, str | Path) else []


def leaves(*, folder: Any = None, tokenizer: Any = None, **_: Any) -> list[Path]:
    """What says that the world is there, and its tokens."""
    if not isinstance(folder, str | Path):
        return []  # `build` says what is wrong
    place = Path(folder).expanduser()
    tokens = [] if tokenizer is None else [place / TOKENS / "video.json"]
    return [place / WORLD, place / WORDS, place / CLIPS, *tokens]


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "a made-up world: clips of moving shapes with captions in Swedish and English, and how well each word can be seen"
    about: dict[str, Any] = {"argument": "folder", "languages": LANGUAGES, "reads": reads, "leaves": leaves}
    return [BuilderSpec(NAME, build=build, version=VERSION, help=help, extra="video", **about)]
