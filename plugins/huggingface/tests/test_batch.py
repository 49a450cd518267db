"""Several requests together, before a tiny model that goes through all of transformers."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import tiny_model
import torch
from PIL import Image

from vlmhyperbench import BadImageError, Finish, Request
from vlmhyperbench_huggingface import HuggingFaceModel
from vlmhyperbench_huggingface.errors import LoadError, OutOfMemory
from vlmhyperbench_huggingface.loading import Loaded, _prepare_padding

GREEDY = {"temperature": 0, "max_tokens": 40}
SIZES = {"page.png": (120, 60), "large.png": (400, 400), "high.png": (30, 200)}


def setUpModule():
    global FOLDER, SAYING, NOISE
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    FOLDER = Path(scratch.name)
    tiny_model.build(FOLDER / "saying")
    tiny_model.build(FOLDER / "noise", says=False)
    SAYING, NOISE = loaded("saying"), loaded("noise")
    unittest.addModuleCleanup(SAYING.unload)
    unittest.addModuleCleanup(NOISE.unload)
    for name, size in SIZES.items():
        Image.effect_noise(size, 100).convert("RGB").save(FOLDER / name)


def loaded(name, **params):
    model = HuggingFaceModel()
    model.load(model=str(FOLDER / name), dtype="float32", local_files_only=True, batch_size=8,
               **params)
    return model


def asked(text="What is the total?", *, images=(), cancelled=lambda: False, **params):
    return Request(text=text, images=[FOLDER / name for name in images], params=GREEDY | params,
                   is_cancelled=cancelled)


def together(model, *requests):
    """(text, end) of each."""
    texts, ends = [""] * len(requests), [None] * len(requests)
    for index, outcome in model.generate_batch(requests):
        assert ends[index] is None, "nothing comes after an end"
        if isinstance(outcome, str):
            texts[index] += outcome
        else:
            ends[index] = outcome
    return list(zip(texts, ends))


def alone(model, request):
    pieces, generation = [], model.generate(request)
    while True:
        try:
            pieces.append(next(generation))
        except StopIteration as end:
            return "".join(pieces), end.value


@contextlib.contextmanager
def calls_of_generate(model, change=None):
    """How many rows each call has; `change(inputs, streamer)` is called before the model."""
    rows, generate = [], model._loaded.model.generate

    def counting(**arguments):
        rows.append(len(arguments["input_ids"]))
        if change is not None:
            change(len(arguments["input_ids"]), arguments["streamer"])
        return generate(**arguments)

    with mock.patch.object(model._loaded.model, "generate", counting):
        yield rows


class TogetherTest(unittest.TestCase):
    def test_answers_and_usage_are_those_of_each_alone(self):
        requests = [asked("?", images=["page.png"]), asked("What is the total of this receipt?"),
                    asked(images=["large.png", "high.png"], max_tokens=11), asked(max_tokens=1),
                    asked("Какова сумма?", images=["high.png"], stop=["e", "0"])]
        for model in (SAYING, NOISE):
            with calls_of_generate(model) as rows:
                answers = together(model, *requests)
            self.assertEqual(rows, [5])
            for request, answer in zip(requests, answers):
                with self.subTest(request.text):
                    self.assertEqual(answer, alone(model, request))

    def test_each_has_its_own_end(self):
        (whole, end), (cut, cut_end), (stopped, stop_end) = together(
            SAYING, asked(), asked(max_tokens=3), asked(stop="2.5"))
        self.assertEqual((whole, end.reason), (tiny_model.ANSWER, "stop"))
        self.assertEqual(end.usage.completion_tokens, 10)
        self.assertEqual((cut, cut_end.reason), ("The total is", "length"))
        self.assertEqual(cut_end.usage.completion_tokens, 3)
        self.assertEqual((stopped, stop_end.reason), ("The total is 4", "stop"))

    def test_answers_come_side_by_side_and_short_ones_end_first(self):
        outcomes = list(SAYING.generate_batch([asked(), asked(max_tokens=2), asked()]))
        self.assertEqual([index for index, outcome in outcomes[:6]], [0, 1, 2, 0, 1, 1])
        self.assertIsInstance(outcomes[5][1], Finish)

    def test_a_cancelled_one_leaves_the_others(self):
        looks = []
        first, second = together(
            NOISE, asked(max_tokens=2000, cancelled=lambda: bool(looks.append(1)) or len(looks) > 3),
            asked("x"))
        self.assertLess(first[1].usage.completion_tokens, 10)
        self.assertEqual(second, alone(NOISE, asked("x")))

    def test_a_reader_that_leaves_ends_all(self):
        generation = NOISE.generate_batch([asked(max_tokens=4000), asked("x", max_tokens=4000)])
        next(generation)
        generation.close()
        self.assertEqual(together(SAYING, asked())[0][0], tiny_model.ANSWER)

    def test_no_gpu_has_no_memory(self):
        self.assertIsNone(together(SAYING, asked())[0][1].gpu_memory_bytes)

    def test_memory_of_a_gpu_is_torchs_peak(self):
        with mock.patch.object(torch.cuda, "max_memory_allocated", {"cuda:1": 5}.__getitem__):
            self.assertEqual(Loaded(None, None, "cuda:1").peak_memory(), 5)


class SamplingTest(unittest.TestCase):
    def test_a_seed_decides_in_a_batch_too(self):
        requests = [asked(temperature=1.0, seed=1), asked("x"), asked(temperature=1.0, seed=2),
                    asked(temperature=1.0, seed=1)]
        with calls_of_generate(NOISE) as rows:
            answers = together(NOISE, *requests)
        self.assertEqual(rows, [1, 1, 1, 1])
        self.assertEqual(answers[0], answers[3])
        self.assertNotEqual(answers[0], answers[2])
        self.assertEqual(answers, [alone(NOISE, request) for request in requests])

    def test_a_seed_means_nothing_to_greedy_answers(self):
        with calls_of_generate(NOISE) as rows:
            together(NOISE, asked(seed=1), asked(seed=2))
        self.assertEqual(rows, [2])

    def test_other_options_are_another_call(self):
        with calls_of_generate(NOISE) as rows:
            together(NOISE, asked(), asked(temperature=1.0), asked(repetition_penalty=1.5),
                     asked(temperature=1.0, max_tokens=3), asked(temperature=1.0, top_p=0.5))
        self.assertEqual(rows, [1, 2, 1, 1])


class FailureTest(unittest.TestCase):
    def test_a_bad_image_costs_its_request(self):
        (FOLDER / "text.png").write_text("no image")
        answers = together(SAYING, asked(), asked(images=["text.png"]), asked(max_tokens=-1),
                           asked())
        self.assertEqual([text for text, _ in answers],
                         [tiny_model.ANSWER, "", "", tiny_model.ANSWER])
        self.assertIsInstance(answers[1][1], BadImageError)
        self.assertIn("max_tokens", str(answers[2][1]))

    def test_a_bad_option_costs_its_request(self):
        answers = together(SAYING, asked(), asked(temperature=1.0, top_p=[1]), asked(stop=5),
                           asked())
        self.assertEqual([text for text, _ in answers],
                         [tiny_model.ANSWER, "", "", tiny_model.ANSWER])
        for _, end in answers[1:3]:
            self.assertIsInstance(end, Exception)

    def test_a_conversation_that_the_template_refuses_costs_its_request(self):
        apply = SAYING._loaded.processor.apply_chat_template

        def refusing(conversations, **options):
            if any("refuse" in str(one) for one in conversations):
                raise ValueError("roles must alternate")
            return apply(conversations, **options)

        with mock.patch.object(SAYING._loaded.processor, "apply_chat_template", refusing), \
                contextlib.redirect_stderr(io.StringIO()):
            answers = together(SAYING, asked(), asked("refuse this"), asked())
        self.assertEqual([text for text, _ in answers],
                         [tiny_model.ANSWER, "", tiny_model.ANSWER])
        self.assertEqual(answers[1][1].code, "bad_request")

    def answers_without_memory(self, change, *requests):
        errors = io.StringIO()
        with calls_of_generate(SAYING, change) as rows, contextlib.redirect_stderr(errors):
            answers = together(SAYING, *requests)
        return answers, rows, errors.getvalue()

    def test_without_memory_for_all_they_are_answered_one_by_one(self):
        def too_large(rows, streamer):
            if rows > 1:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

        answers, rows, errors = self.answers_without_memory(
            too_large, asked(), asked(max_tokens=2), asked())
        self.assertEqual(rows, [3, 1, 1, 1])
        self.assertEqual([text for text, _ in answers],
                         [tiny_model.ANSWER, "The total", tiny_model.ANSWER])
        self.assertEqual(answers[0][1].usage.completion_tokens, 10)
        self.assertIn("3 requests together: CUDA out of memory", errors)
        self.assertIn("3 of them are answered one by one", errors)

    def test_an_answer_that_was_begun_is_not_begun_again(self):
        held = SAYING._loaded.processor.tokenizer.encode("€", add_special_tokens=False)[0]
        the, = SAYING._loaded.processor.tokenizer.encode("The", add_special_tokens=False)

        def runs_out(rows, streamer):
            if rows > 1:
                streamer.put(torch.zeros(rows, 1))  # the prompts
                streamer.put(torch.tensor([the, held]))  # the second has no text yet
                raise torch.OutOfMemoryError("CUDA out of memory")

        answers, rows, _ = self.answers_without_memory(runs_out, asked(), asked())
        self.assertEqual(rows, [2, 1])
        self.assertEqual([text for text, _ in answers], ["The", tiny_model.ANSWER])
        self.assertIsInstance(answers[0][1], OutOfMemory)
        self.assertEqual(answers[1][1].usage.completion_tokens, 10)

    def test_one_that_needs_too_much_alone_fails(self):
        def fails(rows, streamer):
            raise torch.OutOfMemoryError("CUDA out of memory")

        answers, rows, _ = self.answers_without_memory(fails, asked(), asked())
        self.assertEqual(rows, [2, 1, 1])
        for _, end in answers:
            self.assertIsInstance(end, OutOfMemory)
            self.assertIn("batch_size", str(end))

    def test_another_failure_of_the_model_costs_its_call(self):
        def fails(rows, streamer):
            if rows == 2:
                raise RuntimeError("kernel")

        answers, rows, _ = self.answers_without_memory(
            fails, asked(), asked(repetition_penalty=1.1), asked())
        self.assertEqual(rows, [2, 1])
        self.assertEqual([str(answers[n][1]) for n in (0, 2)], ["kernel", "kernel"])
        self.assertEqual(answers[1][0], tiny_model.ANSWER)


class PaddingTest(unittest.TestCase):
    def test_a_tokenizer_without_padding_gets_one(self):
        tokenizer = tiny_model.build_tokenizer()
        tokenizer.pad_token, tokenizer.padding_side = None, "right"
        _prepare_padding("m", tokenizer)
        self.assertEqual((tokenizer.pad_token, tokenizer.padding_side), ("<|im_end|>", "left"))

    def test_a_tokenizer_that_cannot_pad(self):
        tokenizer = tiny_model.build_tokenizer()
        tokenizer.pad_token = tokenizer.eos_token = None
        with self.assertRaisesRegex(LoadError, "batch_size: 1"):
            _prepare_padding("m", tokenizer)


if __name__ == "__main__":
    unittest.main()
