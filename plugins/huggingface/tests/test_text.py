import doctest
import unittest

from vlmhyperbench import BadRequestError
from vlmhyperbench_huggingface import sampling, text
from vlmhyperbench_huggingface.sampling import generation_options, stop_texts
from vlmhyperbench_huggingface.text import MOST_PENDING, Detokenizer, StopTexts


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(text))
    tests.addTests(doctest.DocTestSuite(sampling))
    return tests


def decode_bytes(tokens):
    return bytes(tokens).decode(errors="replace")


class DetokenizerTest(unittest.TestCase):
    def pieces(self, tokens):
        detokenizer = Detokenizer(decode_bytes)
        return [detokenizer.push(token) for token in tokens] + [detokenizer.flush()]

    def test_a_character_of_many_bytes_comes_whole(self):
        self.assertEqual(self.pieces("a€b".encode()), ["a", "", "", "€", "b", ""])

    def test_what_never_becomes_a_character_comes_at_the_end(self):
        self.assertEqual(self.pieces(b"a\xe2\x82"), ["a", "", "", "\ufffd"])

    def test_pieces_are_the_text(self):
        for original in ("", "Счёт № 260", "смешанный text 💶", "\n\n a  b "):
            with self.subTest(original):
                self.assertEqual("".join(self.pieces(original.encode())), original)

    def test_broken_characters_are_not_held_for_ever(self):
        pieces = self.pieces(b"\xff" * (2 * MOST_PENDING))
        self.assertEqual(sum(1 for piece in pieces if piece), 2)
        self.assertEqual("".join(pieces), "\ufffd" * (2 * MOST_PENDING))

    def test_white_space_of_a_word_depends_on_the_word_before(self):
        def decode(words):  # as SentencePiece's: no space before the first word
            return "".join(words).replace("▁", " ").removeprefix(" ")
        detokenizer = Detokenizer(decode)
        self.assertEqual([detokenizer.push("▁Hello"), detokenizer.push("▁world")],
                         ["Hello", " world"])


class StopTextsTest(unittest.TestCase):
    def cut(self, stops, *pieces):
        stop = StopTexts(stops)
        return "".join([stop.push(piece) for piece in pieces] + [stop.flush()]), stop.found

    def test_no_stop_text_changes_nothing(self):
        self.assertEqual(self.cut([], "a", "b"), ("ab", False))
        self.assertEqual(self.cut([""], "a", "b"), ("ab", False))

    def test_cuts_wherever_pieces_end(self):
        for pieces in (("one##two",), ("one#", "#two"), ("on", "e#", "#", "two"), tuple("one##two")):
            with self.subTest(pieces):
                self.assertEqual(self.cut(["##"], *pieces), ("one", True))

    def test_the_first_stop_text_in_the_answer_wins(self):
        self.assertEqual(self.cut(["c", "b"], "abc"), ("a", True))

    def test_a_beginning_that_does_not_go_on_is_told(self):
        self.assertEqual(self.cut(["aab"], "a", "a", "a", "b"), ("a", True))
        self.assertEqual(self.cut(["###"], "a#", "#"), ("a##", False))


class SamplingTest(unittest.TestCase):
    def test_what_is_not_given_is_the_models(self):
        self.assertEqual(generation_options({}, 7), {"max_new_tokens": 7})

    def test_greedy_leaves_sampling_out(self):
        options = generation_options({"temperature": 0, "top_p": 0.5, "repetition_penalty": 1.2}, 7)
        self.assertEqual(options, {"max_new_tokens": 7, "do_sample": False,
                                   "repetition_penalty": 1.2})

    def test_wrong_values_are_the_requests_fault(self):
        for params in ({"max_tokens": 0}, {"max_tokens": 1.5}, {"temperature": -1}):
            with self.subTest(params), self.assertRaises(BadRequestError):
                generation_options(params, 7)

    def test_stop_is_a_text_or_a_list(self):
        self.assertEqual([stop_texts({}), stop_texts({"stop": "a"}), stop_texts({"stop": ["a", "b"]})],
                         [[], ["a"], ["a", "b"]])


if __name__ == "__main__":
    unittest.main()
