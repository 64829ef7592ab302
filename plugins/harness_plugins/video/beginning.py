"""What a training with video begins as: its tokenizer, and the model with random or pretrained weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.chat.llama_server import SMOLLM2
from harness.errors import InputError
from harness_plugins.metrics.encoders import PACKAGED
from harness_plugins.video.bases import (
    TokenizerChoice,
    base_tokenizer,
    check_kind,
    check_no_gguf,
    check_words,
    chosen_tokenizer,
    find_base,
    from_scratch,
    longest_text,
    named_tokenizer,
    read_base,
    shape_of_base,
    untrained_tokenizer,
)
from harness_plugins.video.model.config import check_tokens, config_of
from harness_plugins.video.model.files import is_video_model, load_video_model, read_config
from harness_plugins.video.model.model import first_positions, text_positions, with_video

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
        """PluginError for a base in a folder that is no masked language model, a tokenizer that masks nothing and a config that
        makes no model, InputError for a base that learned from other video tokens or reads fewer frames, for a tokenizer that
        is not the model's and a `length` that is not read. No weights are loaded, and no hub is asked."""
        if self.base is not None:
            check_no_gguf(self.base)
            if not self._is_here(self.base):
                return
            base = find_base(self.base)
            check_kind(base)
            if is_video_model(self.base):
                self._check_known(tokens)
            tokenizer, model = base_tokenizer(base), shape_of_base(base)
        elif self.tokenizer.name is None or self._is_here(self.tokenizer.name):
            tokenizer = named_tokenizer(self.tokenizer.name) if self.tokenizer.name else untrained_tokenizer(self.tokenizer)
            model = from_scratch(self.preset, self.config, tokenizer, length=self.length or 0, seed=self.seed, device="meta")
        else:
            return
        check_words(model, tokenizer, self.base or self.tokenizer.name or "config")
        longest_text(text_positions(model, first_positions(model)[0]), tokenizer, self.length)

    def _check_known(self, tokens: "VideoTokens") -> None:
        known = read_config(str(self.base))
        check_tokens(known, tokens.info, str(tokens.folder))
        if known.time != self.time or (known.time == "frames" and self.frames > known.frames):
            raise InputError(
                f"{self.base} reads up to {known.frames} frames, told by {known.time}, and not {self.frames} told by "
                f"{self.time}; set frames and time so"
            )
        if self.head and not known.head:
            raise InputError(f"{self.base} was trained without masked_video, and has no head for it; leave masked_video out")

    @staticmethod
    def _is_here(name: str) -> bool:
        """Whether no hub is asked for it."""
        return name in (*PACKAGED, SMOLLM2) or name.lower().endswith(".gguf") or Path(name).expanduser().is_dir()

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
        check_words(model, tokenizer, self.base or self.tokenizer.name or "config")
        if not self.sees:
            for name, parameter in model.named_parameters():
                parameter.requires_grad = name.startswith("base.")
        return model, notes

    def text_length(self, model: Any, tokenizer: Any) -> int:
        """Tokens of a text at most; InputError for more than the model reads, and where no word has room."""
        return longest_text(model.text_positions, tokenizer, self.length)
