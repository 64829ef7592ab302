"""What the dry run of an experiment looks at: shapes, retrievers and paraphrases, each named with its line and key."""

import pytest

pytest.importorskip("transformers")

from click.testing import CliRunner
from harness_plugins.retro.experiments.checking import checked_experiment

from harness.cli.main import harness
from harness.config import find_config
from harness.errors import ConfigError

HEAD = "kind: paraphrase\ntext: {planted: {families: 20}}\n"


@pytest.mark.parametrize("name", ["overlap", "paraphrase"])
def test_shipped_experiments_can_be_run(name):
    assert checked_experiment(find_config(f"retro/{name}")).kind == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {decoder: {hidden_sise: 64}}\n", "line 3, training.decoder: .*no setting 'hidden_sise'. Did you mean"),
        ("training: {model: {encoder_widht: 64}}\n", "line 3, training.model: .*'encoder_widht'.*encoder_width"),
        ("training: {decoder: {num_hidden_layers: 2}}\n", "line 3, training.model.*cross_layers"),
        ("training: {preset: tinny}\n", "line 3, training.*'tinny'"),
        ("training: {decoder: {max_position_embeddings: 64}}\n", "text.length: the model reads 64 tokens at most"),
        ("training: {retriever: bm52}\n", "line 3, training.retriever: .*Did you mean 'bm25'"),
        ("training: {retriever: 'nowhere_r7:Thing'}\n", "line 3, training.retriever: .*current folder"),
        ("training: {retriever_params: {k2: 1}}\n", "line 3, training.*no parameter 'k2'"),
        ("measure: {retrievers: {mine: {retriever: 'nowhere_r7:Thing'}}}\n", "line 3, measure.retrievers.mine: .*current folder"),
        ("paraphrases: {own: 'nowhere_r7:f'}\n", "line 3, paraphrases: 'nowhere_r7:f' cannot be loaded.*current folder"),
        ("paraphrases: {own: 'json:no_such'}\n", "line 3, paraphrases: .*no attribute 'no_such'"),
        ("paraphrases: {own: 'json:__name__'}\n", "line 3, paraphrases: .*not a function"),
        ("paraphrases: {own: f}\n", "line 3, paraphrases: own is `package.module:name`"),
        ("paraphrases: {table: nowhere.jsonl}\n", "line 3, paraphrases: .*nowhere.jsonl"),
        ("paraphrases: {back: {pivot: da}}\n", "line 3, paraphrases: .*translators"),
    ],
)
def test_what_cannot_be_had_is_named_before_anything_is_computed(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "e.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        checked_experiment(path)
    done = CliRunner().invoke(harness, ["retro", "experiment", str(path), "--dry-run"])
    assert done.exit_code == 2
    assert not (tmp_path / "runs").exists()


def test_a_retriever_and_a_paraphraser_in_the_current_folder_are_loaded_by_the_dry_run(tmp_path, monkeypatch):
    (tmp_path / "own_r7.py").write_text("class Chance:\n    pass\n\n\ndef say(texts):\n    return texts\n")
    (tmp_path / "e.yaml").write_text(
        HEAD + "paraphrases: {own: 'own_r7:say'}\nmeasure: {retrievers: {chance: {retriever: 'own_r7:Chance'}}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(harness, ["retro", "experiment", "e.yaml", "--dry-run"])
    assert (done.exit_code, "nothing was computed" in done.output) == (0, True)
