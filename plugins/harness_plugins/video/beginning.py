"""What a training with video begins as: its tokenizer, and the model with random or pretrained weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import InputError
from harness_plugins.video.bases import (
    TokenizerChoice,
    base_tokenizer,
    check_kind,
    check_no_gguf,
    chosen_tokenizer,
    find_base,
    from_scratch,
    longest_text,
    read_base,
)
from harness_plugins.video.model.config import check_tokens, config_of
from harness_plugins.video.model.files import is_video_model, load_video_model, read_config
from harness_plugins.video.model.model import with_video

if TYPE_CHECKING:
    from harness_plugins.video.store import VideoTokens


@dataclass(frozen=True)
class Beginning:
    """`base`, or `preset` and `config` with `tokenizer`, as the trainer has them; `frames`, `time`: of the video; `head`: masked
    video is to be found out; `sees`: False where no video is read, so that nothing of the video part learns; `length`: of a text,
    None for what the model reads."""

    base: str | None
    preset: str | None
    config: Mapping[str, Any]
    tokenizer: TokenizerChoice
    frames: int
    time: Literal["frames", "seconds"]
    head: bool
    sees: bool
    length: int | None
    seed: int

    def check(self, tokens: "VideoTokens") -> None:
        """PluginError for a base in a folder that is no masked language model, InputError for one with video that learned from
        other video tokens, or reads fewer frames. Nothing is loaded, and no hub asked."""
        if self.base is None:
            return
        check_no_gguf(self.base)
        if not Path(self.base).expanduser().is_dir():
            return
        base = find_base(self.base)
        check_kind(base)
        base_tokenizer(base)
        if not is_video_model(self.base):
            return
        known = read_config(self.base)
        check_tokens(known, tokens.info, str(tokens.folder))
        if known.time != self.time or (known.time == "frames" and self.frames > known.frames):
            raise InputError(
                f"{self.base} reads up to {known.frames} frames, told by {known.time}, and not {self.frames} told by "
                f"{self.time}; set frames and time so"
            )
        if self.head and not known.head:
            raise InputError(f"{self.base} was trained without masked_video, and has no head for it; leave masked_video out")

    def text_tokenizer(self, texts: Iterable[str], folder: Path, *, writes: bool) -> Any:
        """The base's tokenizer, the one of a name, or one that is trained on the texts and kept in `folder` by what `writes`."""
        if self.base is not None:
            return base_tokenizer(find_base(self.base))
        return chosen_tokenizer(self.tokenizer, texts, folder / "tokenizer", writes=writes)

    def model(self, tokenizer: Any, tokens: "VideoTokens") -> tuple[Any, list[str]]:
        """(the model in main memory, as it is before the training; what its user should know)."""
        notes: list[str] = []
        if self.base is not None and is_video_model(self.base):
            model = load_video_model(self.base)
        else:
            video = config_of(tokens.info, frames=self.frames, time=self.time, head=self.head)
            if self.base is not None:
                text, notes = read_base(find_base(self.base), self.seed)
            else:
                text = from_scratch(self.preset, self.config, tokenizer, length=self.length or 0, seed=self.seed)
            model = with_video(text, video, seed=self.seed)
        if not self.sees:
            for name, parameter in model.named_parameters():
                parameter.requires_grad = name.startswith("base.")
        return model, notes

    def text_length(self, model: Any, tokenizer: Any) -> int:
        """Tokens of a text at most; InputError for more than the model reads, and where no word has room."""
        return longest_text(model.text_positions, tokenizer, self.length)
