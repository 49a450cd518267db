#!/usr/bin/env python3
"""Makes task_metrics.jsonl: pairs with the values that reference implementations give them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install rouge-score==0.1.2 scipy==1.17.1
    /tmp/golden/bin/python tests/golden/make_task_metrics_golden.py > tests/golden/task_metrics.jsonl

ROUGE-L comes from google-research's rouge-score: `ascii` with its own tokenizer, `unicode` with the
one of this file, since its own leaves nothing of Russian. Kendall's tau-b comes from scipy.

One JSON object a line; m: metric; r, h: reference and answer; values as text, for JSON parsers that
round: ascii and unicode, or tau. null: the metric has no value (a reference without words, or without
an order), where the reference implementation gives 0 or NaN.
"""

import importlib.metadata
import json
import math
import random
import sys
import unicodedata
import warnings

from rouge_score import rouge_scorer
from scipy.stats import kendalltau

WORDS = {
    "en": "a red invoice lies on the table, next to two cups; Receipt #12 total: 1,234.56 USD don't re-read "
          "naïve café Größe STRASSE".split(),
    "ru": "на столе лежит счёт-фактура № 77 и паспорт гражданина России, ёлка Ёлка ИТОГО 15.03.1984 «Ромашка»".split(),
    "mixed": "a паспорт and the счёт on стол № 5 OCR ТЕКСТ text".split(),
    "zh": "一张 红色的 发票 在桌子上 护照 2024年 東京タワー ラーメン".split(),
    "ar": "فاتورة على الطاولة مُحَمَّد ١٢٣٤".split(),
    "emoji": ["👨‍👩‍👧‍👦", "a", "👍🏽", "cat", "🧾", "кот", "1️⃣", "ok"],
    "marks": ["cafe\u0301", "и\u0306од", "x\u0327\u0301", "\u212a", "\u0130stanbul", "ﬁne", "½", "x²"],
}
# Chinese characters, kana and their marks, as src/metrics/scripts.cc has them; hangul has spaces.
KANA_AND_HAN = [(0x2E80, 0x2FDF), (0x3005, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
                (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x323AF)]
AROUND = ["{}", "Порядок страниц: {}", "```json\n{}\n```", "📄 The order is {}.", "{}\n", " {} "]


class UnicodeTokenizer:
    """Runs of letters, marks and numbers; Chinese and Japanese characters by themselves."""

    def tokenize(self, text):
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
        out = []
        for c in text:
            alone = any(first <= ord(c) <= last for first, last in KANA_AND_HAN)
            word = unicodedata.category(c)[0] in "LMN"
            out.append(f" {c} " if word and alone else c if word else " ")
        return "".join(out).split()


SCORERS = {"ascii": rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False),
           "unicode": rouge_scorer.RougeScorer(["rougeL"], tokenizer=UnicodeTokenizer())}


def has_words(kind, references):
    tokenizer = UnicodeTokenizer() if kind == "unicode" else SCORERS["ascii"]._tokenizer
    return any(tokenizer.tokenize(text) for text in references)


def rouge(references, hypothesis, several=False):
    row = {"m": "rouge_l", "r": json.dumps(references, ensure_ascii=False) if several else references[0],
           "h": hypothesis}
    for kind, scorer in SCORERS.items():
        value = scorer.score_multi(references, hypothesis)["rougeL"].fmeasure
        row[kind] = repr(value) if has_words(kind, references) else None
    return row


def sentence(rng, words, most):
    return " ".join(rng.choice(words) for _ in range(rng.randint(0, most)))


def variant(rng, text, words):
    parts = text.split(" ")
    for _ in range(rng.randint(0, len(parts))):
        at = rng.randrange(len(parts))
        change = rng.random()
        if change < 0.4:
            parts[at] = rng.choice(words)
        elif change < 0.6 and len(parts) > 1:
            del parts[at]
        elif change < 0.8:
            parts.insert(at, rng.choice(words))
        else:
            parts[at] = parts[at].upper()
    return " ".join(parts)


def rouge_cases(rng):
    for r, h in [("", ""), ("", "x"), ("x", ""), ("…", "x"), ("x", "—"), ("the cat", "the cat"), ("кот", "кот"),
                 ("Кот", "кот"), ("a b c d", "d c b a"), ("don't", "don t"), ("Straße", "STRASSE"), ("a_b", "a b"),
                 ("\u0130", "i"), ("\u212a", "k"), ("ſ", "s"), ("👍", "👍"), ("[not json", "not json"), ("[]", "x")]:
        yield rouge([r], h)
    for words in WORDS.values():
        for i in range(40):
            r = sentence(rng, words, 16)
            yield rouge([r], variant(rng, r, words) if i % 4 else sentence(rng, words, 16))
        for _ in range(8):
            references = [sentence(rng, words, 10) for _ in range(rng.randint(2, 4))]
            yield rouge(references, variant(rng, rng.choice(references), words), several=True)
    for length in (63, 64, 65, 128, 129, 200):  # around the blocks of the algorithm
        r = " ".join(rng.choice("abcdefgh") for _ in range(length))
        yield rouge([r], " ".join(rng.choice("abcdefgh") for _ in range(length + rng.randint(-5, 5))))


def tau(rng, reference, answer):
    def text(numbers, json_only):
        forms = [json.dumps(numbers)]
        if not json_only and len(numbers) > 1:
            forms += [", ".join(map(str, numbers)), " → ".join(map(str, numbers)), json.dumps({"order": numbers})]
        return rng.choice(AROUND).format(rng.choice(forms))

    value = kendalltau(reference, answer).statistic if len(reference) == len(answer) else 0.0
    row = {"m": "kendall_tau", "r": text(reference, False), "h": text(answer, not answer)}
    if len(set(reference)) < 2:
        row["tau"] = None
    else:
        row["tau"] = "0.0" if math.isnan(value) else repr(float(value))
    return row


def tau_cases(rng):
    for length in list(range(1, 12)) * 12:
        pages = list(range(1, length + 1))
        yield tau(rng, rng.sample(pages, length), rng.sample(pages, length))
    for length in list(range(2, 14)) * 14:  # with ties: documents instead of pages
        most = rng.randint(1, 4)
        yield tau(rng, [rng.randint(1, most) for _ in range(length)], [rng.randint(1, most) for _ in range(length)])
    for length in (3, 5, 8):
        pages = list(range(length))
        yield tau(rng, pages, pages)
        yield tau(rng, pages, pages[::-1])
        yield tau(rng, pages, [1] * length)
        yield tau(rng, pages, pages[:-1])
    for length in (50, 200):
        yield tau(rng, rng.sample(range(length), length), rng.sample(range(length), length))


def main():
    rng = random.Random(20250102)
    header = {"python": sys.version.split()[0], "unicodedata": unicodedata.unidata_version}
    header |= {name: importlib.metadata.version(name) for name in ("rouge-score", "scipy")}
    for row in [header, *rouge_cases(rng), *tau_cases(rng)]:
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))


main()
