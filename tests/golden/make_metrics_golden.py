#!/usr/bin/env python3
"""Makes metrics.jsonl: pairs of texts with the values that reference implementations give them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install jiwer==4.0.0 rapidfuzz==3.14.6
    /tmp/golden/bin/python tests/golden/make_metrics_golden.py > tests/golden/metrics.jsonl

CER and WER come from jiwer (which uses rapidfuzz), the raw distance from rapidfuzz, ANLS from its
definition in this file, with a distance of its own. The output depends only on this file and on the
versions, which its first line names. Normalisation is Python's unicodedata, not utf8proc.

One JSON object a line: r, h: reference and hypothesis; p: parameters, if not the defaults; cer, wer:
[numerator, denominator]; em; anls, as text, for JSON parsers that round; lev: distance over the raw
code points; jiwer: [cer, wer] of jiwer's own default transforms on the raw texts. cer, wer and jiwer
are absent where the reference is empty.
"""

import importlib.metadata
import json
import random
import re
import sys
import unicodedata

import jiwer
import rapidfuzz
from rapidfuzz.distance import Levenshtein

WORDS = {
    "en": "the invoice total amount due date passport number of Street 12 USD 1,234.56 St. re-issued "
          "naïve café coöperate".split(),
    "ru": "паспорт выдан отделом милиции города Москвы ёлка Йошкар-Ола № 77 01 подъезд счёт-фактура "
          "итого руб. 15.03.1984 ООО «Ромашка»".split(),
    "zh": "发票 号码 金额 合计 人民币 护照 出生日期 二〇二四年 中华人民共和国 地址 北京市".split(),
    "ar": "فاتورة رقم جواز السفر تاريخ الميلاد المبلغ الإجمالي مُحَمَّد ١٢٣٤ العنوان".split(),
    "hi": "चालान संख्या कुल राशि दिनांक पासपोर्ट नाम पता हिन्दी".split(),
    "ko": "여권 번호 송장 합계 금액 주소 날짜 대한민국 서울".split(),
    "emoji": ["👨‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "🇷🇺", "🧾", "ok", "✔️", "👩🏾‍⚕️", "1️⃣"],
    "marks": ["e\u0301", "n\u0303", "A\u030a", "и\u0306", "е\u0308", "q\u0323\u0307", "o\u0302\u0301",
              "cafe\u0301", "\u1100\u1161\u11a8", "x\u0327\u0301"],
}
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x1c", " \t "]
PLAIN = {"unicode": "nfc", "ignore_case": False, "ignore_punctuation": False}


def normalize(text, params):
    form = {"nfc": "NFC", "nfkc": "NFKC"}.get(params["unicode"])
    if form:
        text = unicodedata.normalize(form, text)
    if params["ignore_case"]:
        text = text.casefold()
        if form:
            text = unicodedata.normalize(form, text)
    if params["ignore_punctuation"]:
        text = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
    return text


def distance(a, b):
    """The textbook recurrence, independent of rapidfuzz."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(previous + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def anls(reference, hypothesis, threshold):
    a, b = " ".join(reference.split()), " ".join(hypothesis.split())
    nl = distance(a, b) / max(len(a), len(b)) if a or b else 0.0
    return 1 - nl if nl < threshold else 0.0


# jiwer splits words at U+0020 only; here any white space separates them.
ANY_SPACE = jiwer.Compose([jiwer.SubstituteRegexes({r"\s+": " "}), jiwer.Strip(),
                           jiwer.ReduceToListOfListOfWords()])


def counts(out):
    errors = out.substitutions + out.deletions + out.insertions
    return [errors, out.hits + out.substitutions + out.deletions]


def case(reference, hypothesis, params=None):
    full = {**PLAIN, **(params or {})}
    threshold = full.pop("threshold", 0.5)
    r, h = normalize(reference, full), normalize(hypothesis, full)
    row = {"r": reference, "h": hypothesis}
    if params:
        row["p"] = params
    if r.strip():
        row["cer"] = counts(jiwer.process_characters(r, h))
        row["wer"] = counts(jiwer.process_words(r, h, ANY_SPACE, ANY_SPACE))
        row["jiwer"] = [jiwer.cer(reference, hypothesis), jiwer.wer(reference, hypothesis)]
    row["em"] = int(r.strip() == h.strip())
    # The scoring of ANLS ignores case unless a parameter says otherwise.
    folded = {**full, "ignore_case": (params or {}).get("ignore_case", True)}
    row["anls"] = repr(anls(normalize(reference, folded), normalize(hypothesis, folded), threshold))
    row["lev"] = Levenshtein.distance(reference, hypothesis)
    return row


def text(rng, language, words, spaces):
    parts = []
    for _ in range(words):
        parts += [rng.choice(WORDS[language]), rng.choice(spaces)]
    return "".join(parts[:-1])


def spoil(rng, original, rate, alphabet):
    out = []
    for c in original:
        kind = rng.random() / rate
        if kind < 0.4:
            out.append(rng.choice(alphabet))
        elif kind < 0.7:
            continue
        elif kind < 1:
            out += [c, rng.choice(alphabet)]
        else:
            out.append(c)
    return "".join(out)


def cases():
    rng = random.Random(20250101)
    for r, h in [("", ""), ("", "x"), ("x", ""), (" \u3000\n", "x"), ("x", " \t"), ("a", "a"), ("a", "A"),
                 ("a b", "ab"), (" a b ", "a b"), ("a\tb", "a b"), ("a  b", "a b"), ("a\u200bb", "ab"),
                 ("\ufeffa", "a"), ("№ 5", "No 5"), ("ﬁne", "fine"), ("Straße", "STRASSE"), ("İ", "i̇"),
                 ("2²", "22"), ("½", "1/2"), ("Å", "\u212b"), ("й", "и\u0306"), ("ё", "е"), ("０１", "01"),
                 ("가", "\u1100\u1161"), ("yes, it is!", "yes it is"), ("«да»", '"да"'), ("a-b", "a—b"),
                 ("0044", "44"), ("NA", "nan"), ("null", ""), ("12.10", "12.1"), ("ab", "ba"),
                 ("kitten", "sitting"), ("Saturday", "Sunday"), ("ς", "σ"), ("ΟΔΟΣ", "οδος")]:
        for params in (None, {"unicode": "none"}, {"unicode": "nfkc", "ignore_case": True},
                       {"ignore_case": True, "ignore_punctuation": True}):
            yield case(r, h, params)
    for language in WORDS:
        alphabet = "".join(WORDS[language]) + " x1"
        for i in range(26):
            r = text(rng, language, rng.randint(1, 14), [" "] if i % 2 else SPACES)
            yield case(r, spoil(rng, r, rng.choice([0.02, 0.1, 0.4, 0.9]), alphabet))
        yield case(text(rng, language, 8, [" "]), text(rng, language, 8, [" "]))
        yield case(text(rng, language, 4, [" "]), text(rng, language, 4, [" "]),
                   {"threshold": 0.9, "ignore_case": False})
    for length in (63, 64, 65, 127, 128, 129, 191, 192, 193, 256, 257):
        r = "".join(rng.choice("абвгд е") for _ in range(length))
        yield case(r, spoil(rng, r, 0.2, "абвгд е"))
        yield case(r, "".join(rng.choice("абвгд е") for _ in range(length + rng.randint(-3, 3))))
    for language, words, rate in (("ru", 250, 0.05), ("en", 300, 0.3), ("zh", 300, 0.1), ("ru", 150, 0.9),
                                  ("ar", 150, 0.15), ("marks", 300, 0.1), ("hi", 150, 0.02)):
        r = text(rng, language, words, [" ", "\n"])
        yield case(r, spoil(rng, r, rate, "".join(WORDS[language])))


def main():
    assert re.fullmatch(r"\s", "\x1c") and "\x1c".isspace()  # both follow the same list
    header = {"python": sys.version.split()[0], "unicodedata": unicodedata.unidata_version,
              "jiwer": importlib.metadata.version("jiwer"),
              "rapidfuzz": rapidfuzz.__version__}
    for row in [header, *cases()]:
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))


main()
