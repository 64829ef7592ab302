"""The retrieval-augmented model: what a token may see, by gradients and values, on tiny decoders like Llama and GPT-2."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.attention import ChunkedCrossAttention, RelativeBias  # noqa: E402
from harness_plugins.retro.cache import RetroCache  # noqa: E402
from harness_plugins.retro.config import RetroConfig  # noqa: E402
from harness_plugins.retro.model import RetroForCausalLM  # noqa: E402
from harness_plugins.retro.retrofit import retrofitted  # noqa: E402

CHUNK, LENGTH, NEIGHBOURS, LONG, WORDS = 8, 32, 2, 16, 100
NO_TOKENS = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
DECODERS = {
    "llama": {
        "model_type": "llama",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": WORDS,
        "max_position_embeddings": 256,
        **NO_TOKENS,
    },
    "gpt2": {
        "model_type": "gpt2",
        "n_embd": 32,
        "n_layer": 3,
        "n_head": 4,
        "vocab_size": WORDS,
        "n_positions": 256,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        **NO_TOKENS,
    },
}
SHAPE = {"chunk": CHUNK, "neighbours": NEIGHBOURS, "neighbour_length": LONG, "encoder_width": 16, "encoder_heads": 2}


@pytest.fixture(params=DECODERS)
def model(request):
    torch.manual_seed(1)
    made = RetroForCausalLM(RetroConfig(decoder=DECODERS[request.param], cross_layers=[2, 3], **SHAPE)).eval()
    for part in made.modules():  # as after training: positions tell
        if isinstance(part, RelativeBias):
            torch.nn.init.normal_(part.weight)
    return made


@pytest.fixture
def given():
    torch.manual_seed(2)
    ids = torch.randint(0, WORDS, (2, LENGTH))
    neighbours = torch.randint(0, WORDS, (2, LENGTH // CHUNK, NEIGHBOURS, LONG))
    return ids, neighbours


def reached(after, before):
    """Positions at which the logits differ, of all rows together."""
    return (after - before).abs().amax(-1).amax(0).nonzero().flatten().tolist()


def test_the_neighbours_of_a_chunk_act_from_its_last_token_on(model, given):
    ids, neighbours = given
    on = model(ids, neighbour_ids=neighbours).logits
    for chunk in range(LENGTH // CHUNK):
        other = neighbours.clone()
        other[:, chunk] = (other[:, chunk] + 1) % WORDS
        assert min(reached(model(ids, neighbour_ids=other).logits, on)) == (chunk + 1) * CHUNK - 1


def test_in_one_layer_they_act_on_a_chunks_length_and_no_further(given):
    """With chunked cross-attention in the last layer nothing carries what was read to later tokens."""
    torch.manual_seed(3)
    made = RetroForCausalLM(RetroConfig(decoder=DECODERS["llama"], cross_layers=[3], **SHAPE)).eval()
    ids, neighbours = given
    other = neighbours.clone()
    other[:, 1] = (other[:, 1] + 1) % WORDS
    difference = reached(made(ids, neighbour_ids=other).logits, made(ids, neighbour_ids=neighbours).logits)
    assert difference == list(range(2 * CHUNK - 1, 3 * CHUNK - 1))


def test_no_token_depends_on_a_later_one(model, given):
    ids, neighbours = given
    embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
    hook = model.get_input_embeddings().register_forward_hook(
        lambda module, args, out: embedded if out.shape == embedded.shape else out
    )
    model(ids, neighbour_ids=neighbours).logits[:, 20].sum().backward()
    hook.remove()
    seen = embedded.grad.abs().sum(-1)
    assert (seen[:, :21] > 0).all()
    assert (seen[:, 21:] == 0).all()


def test_no_row_of_a_batch_depends_on_another(model, given):
    ids, neighbours = given
    on = model(ids, neighbour_ids=neighbours).logits
    other, near = ids.clone(), neighbours.clone()
    other[1], near[1] = (other[1] + 1) % WORDS, (near[1] + 1) % WORDS
    assert torch.equal(model(other, neighbour_ids=near).logits[0], on[0])


def test_without_any_neighbour_it_is_off_exactly(model, given):
    ids, neighbours = given
    none = torch.zeros_like(neighbours, dtype=torch.bool)
    assert torch.equal(model(ids, neighbour_ids=neighbours, neighbour_mask=none).logits, model(ids).logits)


def test_what_is_masked_of_a_neighbour_is_not_read(model, given):
    ids, neighbours = given
    mask = torch.ones_like(neighbours, dtype=torch.bool)
    mask[:, 1, 0, 9:] = False  # a short neighbour
    mask[:, 2, 1] = False  # one that was not found
    on = model(ids, neighbour_ids=neighbours, neighbour_mask=mask).logits
    other = torch.where(mask, neighbours, (neighbours + 1) % WORDS)
    assert torch.equal(model(ids, neighbour_ids=other, neighbour_mask=mask).logits, on)
    assert not torch.equal(model(ids, neighbour_ids=neighbours).logits, on)


def test_any_number_may_fill_a_masked_place(model, given):
    ids, neighbours = given
    mask = torch.ones_like(neighbours, dtype=torch.bool)
    mask[:, 1] = False
    wild = neighbours.masked_fill(~mask, 10**9)
    assert torch.equal(
        model(ids, neighbour_ids=wild, neighbour_mask=mask).logits,
        model(ids, neighbour_ids=neighbours, neighbour_mask=mask).logits,
    )


def test_padding_on_the_left_is_refused_where_chunks_count(model, given):
    ids, neighbours = given
    padded = torch.ones_like(ids)
    padded[0, :3] = 0
    with pytest.raises(ValueError, match="padded on the right"):
        model(ids, attention_mask=padded, neighbour_ids=neighbours)


def test_a_chunk_without_neighbours_reads_nothing_while_others_read(model, given):
    ids, neighbours = given
    mask = torch.ones_like(neighbours, dtype=torch.bool)
    mask[:, 0] = False
    on = model(ids, neighbour_ids=neighbours, neighbour_mask=mask).logits
    assert min(reached(on, model(ids).logits)) == 2 * CHUNK - 1


@pytest.mark.parametrize("length", [5, 7, 8, 9, 15, 16, 20, 31])
def test_an_incomplete_chunk_is_the_prefix_of_the_complete_one(model, given, length):
    ids, neighbours = given
    whole = model(ids, neighbour_ids=neighbours).logits[:, :length]
    part = model(ids[:, :length], neighbour_ids=neighbours[:, : length // CHUNK]).logits
    torch.testing.assert_close(part, whole, rtol=0, atol=1e-6)


def test_padding_on_the_right_changes_nothing(model, given):
    ids, neighbours = given
    padded = torch.cat([ids[:, :21], torch.zeros(2, 11, dtype=torch.long)], dim=1)
    mask = (torch.arange(LENGTH) < 21).long().expand(2, -1)
    short = model(ids[:, :21], neighbour_ids=neighbours[:, :2]).logits
    torch.testing.assert_close(
        model(padded, attention_mask=mask, neighbour_ids=neighbours).logits[:, :21], short, rtol=0, atol=1e-6
    )


def test_one_step_after_the_other_gives_what_the_whole_gives(model, given):
    ids, neighbours = given
    cache, outs, place = RetroCache(), [], 0
    for step in (11, 1, 1, 3, 1, 8, 7):
        first, finished = place // CHUNK, (place % CHUNK + step) // CHUNK
        near = neighbours[:, first : first + finished]
        outs.append(model(ids[:, place : place + step], neighbour_ids=near, past_key_values=cache, use_cache=True).logits)
        place += step
    torch.testing.assert_close(torch.cat(outs, 1), model(ids, neighbour_ids=neighbours).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("how", [{"num_beams": 1}, {"num_beams": 3}])
def test_generating_with_the_cache_gives_what_generating_without_gives(model, given, how):
    asked = []

    def retrieve(chunks):
        asked.append(chunks.shape[1])
        found = (chunks.repeat(1, 1, 2).unsqueeze(2).expand(-1, -1, NEIGHBOURS, -1) * 3) % WORDS
        return found, torch.ones_like(found, dtype=torch.bool)

    model.retriever = retrieve
    ids = given[0][:, :5]
    options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 30, "do_sample": False, "pad_token_id": 0, **how}
    cached = model.generate(ids, **options)
    assert asked == [1, 1, 1, 1]  # each chunk as it is finished, once
    assert torch.equal(cached, model.generate(ids, use_cache=False, **options))
    model.retriever = None
    assert not torch.equal(cached, model.generate(ids, **options))


def test_prompts_of_several_lengths_are_refused_with_retrieval(model, given):
    model.retriever = lambda chunks: (chunks, chunks)
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[0, :3] = 0
    with pytest.raises(ValueError, match="several lengths"):
        model.generate(given[0][:, :9], attention_mask=mask, max_new_tokens=2, pad_token_id=0)


def test_saved_and_loaded_it_is_the_same(model, given, tmp_path):
    ids, neighbours = given
    model.save_pretrained(tmp_path)
    assert not list(tmp_path.glob("*.bin"))
    loaded = RetroForCausalLM.from_pretrained(tmp_path).eval()
    assert torch.equal(loaded(ids, neighbour_ids=neighbours).logits, model(ids, neighbour_ids=neighbours).logits)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("share", [False, True])
def test_retrofitted_it_starts_as_its_base_exactly(given, kind, share):
    from transformers import AutoConfig, AutoModelForCausalLM

    ids, neighbours = given
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(**DECODERS[kind])).eval()
    told = base(ids).logits
    made = retrofitted(base, cross_layers=[1, 3], share_embeddings=share, **SHAPE).eval()
    assert torch.equal(made(ids, neighbour_ids=neighbours).logits, told)
    assert torch.equal(made(ids).logits, told)


def test_a_base_in_bfloat16_is_retrofitted_exactly_and_saved_and_loaded_it_is_the_same(given, tmp_path):
    from transformers import AutoConfig, AutoModelForCausalLM

    ids, neighbours = given
    AutoModelForCausalLM.from_config(AutoConfig.for_model(**DECODERS["llama"])).save_pretrained(tmp_path / "base")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.bfloat16).eval()
    made = retrofitted(base, cross_layers=[1, 3], **SHAPE).eval()
    assert {parameter.dtype for parameter in made.parameters()} == {torch.bfloat16}
    assert torch.equal(made(ids, neighbour_ids=neighbours).logits, base(ids).logits)
    made.save_pretrained(tmp_path / "made")
    loaded = RetroForCausalLM.from_pretrained(tmp_path / "made", dtype=torch.bfloat16).eval()
    assert torch.equal(loaded(ids, neighbour_ids=neighbours).logits, base(ids).logits)


def test_of_a_frozen_base_only_what_was_added_learns(given):
    from transformers import AutoConfig, AutoModelForCausalLM

    ids, neighbours = given
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(**DECODERS["llama"]))
    made = retrofitted(base, freeze=True, cross_layers=[2, 3], **SHAPE)
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], lr=0.5)
    for _ in range(2):  # the gates open in the first step, so that the encoder learns from the second on
        optimizer.zero_grad()
        made(ids, neighbour_ids=neighbours, labels=ids).loss.backward()
        optimizer.step()
    changed = {name for name, tensor in made.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(".cross." in name or name.startswith("encoder.") for name in changed)
    assert any(name.startswith("encoder.") for name in changed)


@pytest.mark.parametrize("kind", DECODERS)
def test_checkpointing_of_gradients_changes_none(given, kind):
    ids, neighbours = given
    torch.manual_seed(4)
    made = RetroForCausalLM(RetroConfig(decoder=DECODERS[kind], cross_layers=[2, 3], **SHAPE)).train()
    made(ids, neighbour_ids=neighbours, labels=ids).loss.backward()
    plain = {name: p.grad.clone() for name, p in made.named_parameters() if p.grad is not None}
    made.zero_grad()
    made.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    made(ids, neighbour_ids=neighbours, labels=ids).loss.backward()
    again = {name: p.grad for name, p in made.named_parameters() if p.grad is not None}
    assert plain.keys() == again.keys()
    assert all(torch.allclose(plain[name], again[name], rtol=1e-4, atol=1e-7) for name in plain)


def test_every_part_learns(model, given):
    ids, neighbours = given
    model(ids, neighbour_ids=neighbours, labels=ids).loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_chunked_cross_attention_is_the_papers_token_by_token():
    """Against loops over tokens, heads and neighbours (Borgeaud et al. 2022, §2.4)."""
    torch.manual_seed(5)
    width, heads, memory_width, chunk, long, length = 12, 3, 10, 4, 6, 19
    part = ChunkedCrossAttention(width, memory_width, heads, chunk, long).double().eval()
    torch.nn.init.normal_(part.attention.bias.weight)
    torch.nn.init.normal_(part.norm.weight)
    x = torch.randn(1, length, width, dtype=torch.double)
    chunks = length // chunk
    encoded = torch.randn(1, chunks, 2, long, memory_width, dtype=torch.double)
    allowed = torch.rand(1, chunks, 2, long) > 0.3
    allowed[0, 1] = False
    found = part(x, part.memory(encoded), allowed)[0]
    for place in range(length):
        u = (place + 1) // chunk - 1
        wanted = torch.zeros(width, dtype=torch.double)
        if u >= 0 and allowed[0, u].any():
            wanted = read_alone(part, x[0, place], (place + 1) % chunk, encoded[0, u], allowed[0, u], heads)
        torch.testing.assert_close(found[place], wanted, rtol=0, atol=1e-12)


def read_alone(part, x, within, neighbours, allowed, heads):
    normed = x / torch.sqrt((x**2).mean() + part.norm.epsilon) * part.norm.weight
    query = (part.attention.query.weight @ normed).view(heads, -1)
    size = query.shape[1]
    out = []
    for head in range(heads):
        scores, values = [], []
        for neighbour, may in zip(neighbours, allowed, strict=True):
            for place, (vector, readable) in enumerate(zip(neighbour, may, strict=True)):
                if not readable:
                    continue
                both = part.attention.key_value.weight @ vector
                key, value = both[: len(both) // 2].view(heads, -1)[head], both[len(both) // 2 :].view(heads, -1)[head]
                bias = part.attention.bias.weight[head, place - within + part.chunk - 1]
                scores.append(query[head] @ key / math.sqrt(size) + bias)
                values.append(value)
        out.append(torch.softmax(torch.stack(scores), 0) @ torch.stack(values))
    return part.attention.out.weight @ torch.cat(out)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cross_layers": []}, "cross_layers names no layer"),
        ({"cross_layers": [4]}, "from 1 to 3"),
        ({"cross_layers": [1], "encoder_heads": 3}, "3 heads"),
        ({"cross_layers": [1], "encoder_cross_layers": [3]}, "encoder_cross_layers"),
        ({"cross_layers": [1], "chunk": 0}, "chunk"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        RetroConfig(decoder=DECODERS["llama"], **{**SHAPE, **wrong})


def test_neighbours_of_another_shape_are_refused(model, given):
    ids, neighbours = given
    with pytest.raises(ValueError, match="at least 4"):
        model(ids, neighbour_ids=neighbours[:, :2])
    with pytest.raises(ValueError, match="at most 16 tokens"):
        model(ids, neighbour_ids=neighbours.repeat(1, 1, 1, 2))
