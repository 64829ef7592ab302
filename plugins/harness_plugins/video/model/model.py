"""A masked language model of transformers that reads video tokens behind its text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.errors import PluginError
from harness_plugins.video.model.batch import Inputs
from harness_plugins.video.model.config import VideoConfig
from harness_plugins.video.model.embeddings import VideoEmbeddings
from harness_plugins.video.model.heads import VideoHead


class VideoMaskedLM(nn.Module):
    """Any masked language model of transformers (`base`) with video tokens in one sequence behind the text, all seeing all.

    Text goes the base's own way, so that without video the base's logits come out to the bit. A video vector (`VideoEmbeddings`)
    stands where the base expects a word's embedding; all of them have the position of the first text token, since place and time
    are in the vector: video takes none of the positions of the text. `base` is tried once on a few tokens, and a PluginError says
    where it does not read as it should; InputError for weights that are not finite. `text_positions`: tokens of a text at most,
    None where the base does not say.
    """

    def __init__(self, base: Any, video: VideoConfig) -> None:
        from harness_plugins.video.model.trial import check_finite

        super().__init__()
        check_finite(base)
        self.base = base
        self.video = video
        table = base.get_input_embeddings().weight
        std = float(table.detach().float().std())
        self.embeddings = VideoEmbeddings(video, table.shape[1], std).to(table.device, table.dtype)
        width = base.config.get_text_config().hidden_size
        self.head = VideoHead(video, width, 0.02).to(table.device, table.dtype) if video.head else None
        self.first = self._tried()
        self.text_positions = text_positions(base, self.first)

    @property
    def config(self) -> Any:
        """The base's."""
        return self.base.config

    def forward(self, inputs: Inputs, text: Tensor, video: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (N, words) at some vectors of the batch, and of video tokens (M, levels, codes) at others.

        `text` (N,), `video` (M,): their numbers among the B · S of the inputs; the heads see these alone. Without a video head,
        or without `video`, its logits are None.
        """
        with self._at(text) as seen:
            logits = self.base(
                inputs_embeds=self._embedded(inputs),
                attention_mask=inputs.real.long(),
                position_ids=inputs.positions + self.first,
            ).logits[0]
        if self.head is None or video is None:
            return logits, None
        return logits, self.head(seen[0].index_select(0, video))

    def logits(self, inputs: Inputs) -> Tensor:
        """The base's logits (B, S, words) everywhere."""
        every = torch.arange(inputs.ids.numel(), device=inputs.ids.device)
        return self(inputs, every)[0].unflatten(0, inputs.ids.shape)

    def get_input_embeddings(self) -> Any:
        """The base's table of words."""
        return self.base.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        """The base's output layer."""
        return self.base.get_output_embeddings()

    def gradient_checkpointing_enable(self, **how: Any) -> None:
        """Activations of the base's layers are computed again rather than kept."""
        self.base.gradient_checkpointing_enable(**how)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the base as transformers does, and the video part beside it (`files.save`)."""
        from harness_plugins.video.model.files import save

        save(self, Path(folder))

    def _embedded(self, inputs: Inputs) -> Tensor:
        words: Tensor = self.base.get_input_embeddings()(inputs.ids)
        # computed without video, too: every parameter then has a gradient in every process and step
        seen = self.embeddings(inputs.codes, inputs.places, inputs.frames, inputs.seconds)
        return words.flatten(0, 1).index_copy(0, inputs.where, seen.to(words.dtype)).view_as(words)

    @contextmanager
    def _at(self, places: Tensor) -> Iterator[list[Tensor]]:
        """A context in which the base's output layer gets its last states at these places alone; the list holds all (B · S)."""
        seen: list[Tensor] = []

        def choose(module: Any, arguments: Any, output: Any) -> Any:
            hidden = output.last_hidden_state.flatten(0, 1)
            seen.append(hidden)
            output.last_hidden_state = hidden.index_select(0, places)[None]
            return output

        handle = getattr(self.base, self.base.base_model_prefix).register_forward_hook(choose)
        try:
            yield seen
        finally:
            handle.remove()

    def _tried(self) -> int:
        """The position of a text's first token; PluginError where text alone does not give what the base gives, or a text is not
        the same beside padding."""
        from harness_plugins.video.model.trial import trial

        troubles = []
        for first in first_positions(self.base):
            self.first = first
            trouble = trial(self)
            if not trouble:
                return first
            troubles.append(trouble)
        raise PluginError(
            f"{type(self.base).__name__} cannot read video beside text: {troubles[0]}; use a BERT, RoBERTa, ELECTRA, ModernBERT "
            "or DeBERTa"
        )


def with_video(base: Any, video: VideoConfig, *, seed: int = 0) -> VideoMaskedLM:
    """A masked language model with a fresh video part, whose weights are drawn by the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VideoMaskedLM(base, video)


def text_positions(base: Any, first: int) -> int | None:
    """Tokens of a text that the base reads at most where the first has that position, None where it does not say."""
    positions = getattr(base.config.get_text_config(), "max_position_embeddings", None)
    return positions - first if isinstance(positions, int) and positions > 0 else None


def first_positions(base: Any) -> list[int]:
    """What the position of a text's first token may be, the likeliest first: RoBERTa's and its kin begin behind padding's."""
    own = getattr(getattr(base, base.base_model_prefix, base), "embeddings", None)
    padding = getattr(own, "padding_idx", base.config.get_text_config().pad_token_id)
    behind = [padding + 1] if isinstance(padding, int) else []
    return [*behind, 0] if hasattr(own, "create_position_ids_from_input_ids") else [0, *behind]
