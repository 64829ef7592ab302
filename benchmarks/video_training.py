"""Training a masked language model that reads video beside text: tokens a second beside the same model on text alone.

python benchmarks/video_training.py [--rounds 5] [--only WORD …] [--write]

One BERT (4 layers, width 256, 8,192 words, random weights, dropout .1), float32, AdamW in its fused form, 32 sequences of 128
vectors a step. With video: 32 tokens of text, of whose words 15 % are masked, and 8 frames of 12 video tokens (1,024 codes, two
levels). Without: 128 tokens of text, and as many targets. Both sides learn by gradients clipped to norm 1.

- The peer `transformers`: its `BertForMaskedLM` with `labels` in the loop of its documentation, masks drawn beforehand.
- The peer `learner`: the trainer's own step on text alone, where only masked places pass the output layer. What the video part
  costs by itself.
- With masked video (.3 of the places, through all frames) beside the peer `transformers`, which learns nothing of the kind.

Whether both sides compute the same is tried on text alone: the losses of the same masked batch under the same weights.
"""

from collections.abc import Callable
from typing import Any

from side_by_side import Job, main, version

ROWS, TEXT, FRAMES, PLACES, CODES, LEVELS, WORDS = 32, 32, 8, 12, 1024, 2, 8192
LENGTH = TEXT + FRAMES * PLACES
STEPS = 1
SHARE = 0.15


class Vocabulary:
    """As much of a tokenizer as masking needs."""

    all_special_ids = (0, 1, 2, 3, 4)
    mask_token_id = 4

    def get_vocab(self) -> dict[str, int]:
        """Words by number."""
        return {str(number): number for number in range(WORDS)}


def base() -> Any:
    """The model, text alone."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    shape = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
    return BertForMaskedLM(BertConfig(vocab_size=WORDS, max_position_embeddings=128, pad_token_id=0, **shape))


def rows(text: int, frames: int) -> list[Any]:
    """Sequences of random words of one token and random video tokens."""
    import numpy as np
    from harness_plugins.video.model.sequences import Row

    found = []
    for number in range(ROWS):
        random = np.random.default_rng(number)
        ids = np.concatenate([[2], random.integers(5, WORDS, text - 2), [3]]).astype(np.int32)
        words = np.concatenate([[-1], np.arange(text - 2), [-1]]).astype(np.int32)
        codes = random.integers(0, CODES, (frames, PLACES, LEVELS)) + CODES * np.arange(LEVELS)
        found.append(Row(str(number), ids, words, np.zeros((text, 2), np.int32), codes.astype(np.int32), np.arange(frames) / 2.0))
    return found


def masked(text: int, frames: int, video_share: float = 0.0) -> Any:
    """Rows that each step masks anew; as many words in texts of any length."""
    from harness_plugins.video.model.masking import MaskedRows

    share = SHARE * (TEXT - 2) / (text - 2)
    return MaskedRows(rows(text, frames), Vocabulary(), share=share, video_share=video_share)


def learner(*, head: bool = False) -> Any:
    """The model with a video part, as the trainer has it."""
    from harness_plugins.video.learner import VideoLearner
    from harness_plugins.video.model.config import VideoConfig
    from harness_plugins.video.model.model import with_video

    config = VideoConfig(codes=CODES * LEVELS, places=PLACES, frames=FRAMES, levels=LEVELS, grid=(3, 4), head=head)
    return VideoLearner(with_video(base(), config).train())


def our_steps(text: int, frames: int, *, video_share: float = 0.0) -> Callable[[], int]:
    """A few steps of the trainer: masks drawn, loss, gradients, clipping, update. Returns the vectors read."""
    import torch
    from harness_plugins.trainers.steps import accumulate

    side, drawing = learner(head=video_share > 0), masked(text, frames, video_share)
    optimizer = torch.optim.AdamW(side.parameters(), lr=1e-4, fused=True)
    step = [0]

    def steps() -> int:
        read = 0
        for _ in range(STEPS):
            drawn = drawing.drawn(range(ROWS), step[0])
            optimizer.zero_grad(set_to_none=True)
            accumulate(side, drawn, ROWS * LENGTH, side.units(drawn))
            torch.nn.utils.clip_grad_norm_(side.parameters(), 1.0)
            optimizer.step()
            step[0] += 1
            read += sum(len(row.tokens) for row in drawn)
        return read

    return steps


def their_steps() -> Callable[[], int]:
    """The same of transformers on text alone."""
    import torch

    model = base().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    drawing = masked(LENGTH, 0)
    batches = [tensors(drawing.drawn(range(ROWS), step)) for step in range(STEPS)]

    def steps() -> int:
        for ids, labels in batches:
            optimizer.zero_grad(set_to_none=True)
            model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return sum(ids.numel() for ids, _ in batches)

    return steps


def tensors(drawn: list[Any]) -> tuple[Any, Any]:
    """Ids and labels of masked rows of one length."""
    import numpy as np
    import torch

    return tuple(
        torch.from_numpy(np.stack([getattr(row, name) for row in drawn]).astype(np.int64)) for name in ("text", "targets")
    )  # type: ignore[return-value]


def compared(ours: int, theirs: int) -> str:
    """AssertionError where the sides do not read as much, or give text alone another loss."""
    import torch

    assert ours == theirs == STEPS * ROWS * LENGTH, f"{ours} and {theirs} vectors"
    side, drawn = learner().eval(), masked(LENGTH, 0).drawn(range(ROWS), 0)
    ids, labels = tensors(drawn)
    with torch.no_grad():
        mine = float(side(drawn)) / side.units(drawn)
        their = float(base().eval()(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss)
    assert abs(mine - their) < 1e-5, f"losses {mine} and {their}"
    return f"{ROWS} × {LENGTH} vectors a step on both sides; on text alone the losses differ by {abs(mine - their):.0e}"


def jobs() -> list[Job]:
    """With video beside text alone, by transformers and by the trainer's own step; with masked video."""
    units = STEPS * ROWS * LENGTH
    transformers = f"BertForMaskedLM of {version('transformers')}, text alone"
    note = "float32, 4 layers of width 256"
    return [
        Job(
            "training with video", transformers, our_steps(TEXT, FRAMES), their_steps(), compared, units, "tokens", 1.0, note=note
        ),
        Job(
            "training with video, what the video part costs",
            "the trainer's own step, text alone",
            our_steps(TEXT, FRAMES),
            our_steps(LENGTH, 0),
            compared,
            units,
            "tokens",
            note=note,
        ),
        Job(
            "training with video, 30 % of it masked",
            transformers,
            our_steps(TEXT, FRAMES, video_share=0.3),
            their_steps(),
            compared,
            units,
            "tokens",
            1.0,
            note=note,
        ),
    ]


if __name__ == "__main__":
    main(jobs(), __doc__ or "", "video_training")
