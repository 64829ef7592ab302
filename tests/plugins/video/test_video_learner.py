"""The loss of a step of text beside video: as counted by hand and by transformers, in whatever parts it is computed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_video_lm import TEXT, aligned, tiny_base, tiny_tokenizer, tiny_tokens

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.trainers.loop import Settings, fit  # noqa: E402  (needs torch)
from harness_plugins.video.learner import VideoLearner  # noqa: E402
from harness_plugins.video.model.batch import collate  # noqa: E402
from harness_plugins.video.model.config import config_of  # noqa: E402
from harness_plugins.video.model.masking import IGNORED, MaskedRows  # noqa: E402
from harness_plugins.video.model.model import with_video  # noqa: E402
from harness_plugins.video.model.sequences import Rows, rows_of, without_video  # noqa: E402


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_tokens(tmp_path_factory.mktemp("tokens") / "t", levels=2)


@pytest.fixture(scope="module")
def rows(tokens: Any) -> Rows:
    texts = [TEXT, "En cirkel", TEXT + " " + TEXT, "kanske idag", "ett grönt", "röd, blå"]
    examples = [aligned(n, text, None if n == 2 else n, end=0.5 * (n + 1)) for n, text in enumerate(texts)]
    return rows_of(examples, tiny_tokenizer(), tokens, frames=3, length=48)


def learner_of(
    tokens: Any, *, head: bool = True, family: str = "bert", dtype: str = "float32", video_loss: float = 1.0, **base: Any
) -> VideoLearner:
    model = with_video(tiny_base(family, **base), config_of(tokens.info, frames=3, head=head))
    return VideoLearner(model, dtype=dtype, video_loss=video_loss)


def drawn_of(rows: Rows, step: int = 0, **how: Any) -> Any:
    masked = MaskedRows(rows.rows, tiny_tokenizer(), share=0.4, **how)
    return masked.drawn(range(len(masked)), step)


def test_a_step_s_loss_is_the_mean_over_masked_text_plus_the_weighed_mean_over_masked_video(tokens: Any, rows: Rows) -> None:
    learner, drawn = learner_of(tokens, video_loss=0.3).eval(), drawn_of(rows, video_share=0.5)
    text, video = [], []
    with torch.no_grad():
        for row in drawn:
            inputs = collate([row], 2)
            every = torch.arange(inputs.ids.numel())
            logits, said = learner.model(inputs, every, every)
            for place, wanted in enumerate(row.targets.tolist()):
                if wanted != IGNORED:
                    text.append(-logits[place].log_softmax(0)[wanted].item())
            codes = [] if row.video_targets is None else row.video_targets.reshape(-1, 2).tolist()
            for place, (first, second) in enumerate(codes):
                if first != IGNORED:
                    levels = said[len(row.text) + place].log_softmax(1)
                    video.append(-levels[0, first].item() - levels[1, second - 10].item())
        loss = learner(drawn) / learner.units(drawn)
    assert len(text) == sum(row.text_learned for row in drawn)
    assert len(video) == sum(row.video_learned for row in drawn) > 10
    assert loss.item() == pytest.approx(np.mean(text) + 0.3 * np.mean(video), abs=1e-5)


def test_without_video_the_loss_is_transformers_own(tokens: Any, rows: Rows) -> None:
    learner = learner_of(tokens, head=False).eval()
    drawn = drawn_of(Rows([without_video(row) for row in rows.rows]))
    width = max(row.length for row in drawn)
    ids, labels = np.zeros((len(drawn), width), np.int64), np.full((len(drawn), width), -100)
    mask = np.zeros_like(ids)
    for number, row in enumerate(drawn):
        ids[number, : row.length], labels[number, : row.length], mask[number, : row.length] = row.text, row.targets, 1
    with torch.no_grad():
        theirs = learner.model.base(
            input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask), labels=torch.from_numpy(labels)
        ).loss
        ours = learner(drawn) / learner.units(drawn)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_neither_order_nor_micro_batches_nor_processes_change_a_step(family: str, tokens: Any, rows: Rows) -> None:
    drawn = drawn_of(rows, video_share=0.5)
    found = []
    for shares in ([drawn], [drawn[::-1]], [drawn[::2], drawn[1::2]], [[row] for row in drawn]):
        learner = learner_of(tokens, family=family).eval()
        units = sum(learner.units(share) for share in shares)
        loss = 0.0
        for share in shares:
            for batch in learner.batches(share, 40):
                part = learner(batch) / units
                part.backward()
                loss += part.item()
        found.append((loss, {name: parameter.grad for name, parameter in learner.model.named_parameters()}))
    for loss, gradients in found[1:]:
        assert loss == pytest.approx(found[0][0], abs=1e-6)
        for name, gradient in gradients.items():
            assert torch.allclose(gradient, found[0][1][name], atol=1e-6), name


def test_video_tokens_are_no_targets_of_the_text_loss(tokens: Any, rows: Rows) -> None:
    learner, drawn = learner_of(tokens, head=False).eval(), drawn_of(rows)
    asked = []
    learner.model.register_forward_pre_hook(lambda module, given: asked.append(given))
    losses, video = learner.losses(drawn)
    inputs, places = asked[0][:2]
    assert len(losses) == len(places) == sum(row.text_learned for row in drawn)
    assert not np.isin(places.numpy(), inputs.where.numpy()).any()
    assert inputs.real.flatten()[places].all()
    assert video.item() == 0


def test_the_loss_of_text_sees_the_video_and_never_padding(tokens: Any, rows: Rows) -> None:
    learner, drawn = learner_of(tokens, head=False).eval(), drawn_of(rows)
    with torch.no_grad():
        together, _ = learner.losses(drawn)
        alone = torch.cat([learner.losses([row])[0] for row in drawn])
        blind = drawn_of(Rows([without_video(row) for row in rows.rows]))
        unseen = torch.cat([learner.losses([row])[0] for row in blind])
    assert torch.allclose(together, alone, atol=1e-5)
    assert (alone - unseen).abs().max() > 0.01


def test_a_batch_without_words_has_no_text_loss_and_no_nan(tokens: Any, rows: Rows, tmp_path: Path) -> None:
    silent = rows_of([aligned(0, "♪"), aligned(1, "", 1)], tiny_tokenizer(), tokens, frames=3)
    learner = learner_of(tokens).eval()
    drawn = drawn_of(silent, video_share=0.5)
    text, video = learner.losses(drawn)
    assert len(text) == 0
    assert (learner(drawn) / learner.units(drawn)).item() == pytest.approx(video.item() / sum(row.video_learned for row in drawn))
    with_words = drawn_of(Rows([*rows.rows, *silent.rows]), video_share=0.5)
    assert learner.units(with_words) == sum(row.text_learned for row in with_words) == learner.units(with_words[: len(rows.rows)])


def test_bfloat16_says_nearly_the_same(tokens: Any, rows: Rows) -> None:
    drawn = drawn_of(rows, video_share=0.5)
    with torch.no_grad():
        exact, coarse = (learner_of(tokens, dtype=dtype).eval()(drawn).item() for dtype in ("float32", "bfloat16"))
    assert coarse == pytest.approx(exact, rel=0.03)
    assert coarse != exact


def test_a_training_that_was_stopped_goes_on_to_the_bit(tokens: Any, rows: Rows, tmp_path: Path) -> None:
    masked = MaskedRows(rows.rows, tiny_tokenizer(), video_share=0.3)

    def trained(folder: Path, stop: int | None = None) -> Any:
        class Stop:
            def on_step(self, learner: Any, progress: Any) -> bool:
                if progress.step == stop:
                    raise KeyboardInterrupt
                return False

        learner = learner_of(tokens, hidden_dropout_prob=0.1)
        progress = fit(
            learner, masked, Settings(steps=12, batch=4, rate=1e-2, tokens=60, save_every=5), folder, watchers=[Stop()]
        )
        return learner.model.state_dict(), progress.losses

    whole, losses = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "parts", stop=7)
    again, same = trained(tmp_path / "parts")
    assert same == losses
    assert len(set(losses)) == 12
    for name, tensor in whole.items():
        assert torch.equal(tensor, again[name]), name


def test_arithmetic_is_what_torch_counts_without_padding_and_heads_elsewhere(tokens: Any, rows: Rows) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    learner = learner_of(tokens)
    drawn = drawn_of(rows, video_share=0.5)[:1]
    inputs = collate(drawn, 2)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        learner(drawn).backward()
    counted = counter.get_total_flops()
    assert learner.flops(drawn) == pytest.approx(counted, rel=0.02)
    assert learner.flops(drawn * 2) == 2 * learner.flops(drawn)
    assert inputs.ids.shape[1] == drawn[0].length
