"""The plug-in before a tiny model that goes through all of transformers."""

import json
import tempfile
import unittest
from pathlib import Path

import tiny_model
import yaml
from PIL import Image

from vlmhyperbench import BadImageError, BadRequestError, PluginError, Request
from vlmhyperbench_huggingface import HuggingFaceModel
from vlmhyperbench_huggingface.conversation import read_image

GREEDY = {"temperature": 0, "max_tokens": 40}


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
    Image.new("RGB", (120, 60), "white").save(FOLDER / "page.png")
    Image.new("RGB", (400, 400), "black").save(FOLDER / "large.png")


def loaded(name, **params):
    model = HuggingFaceModel()
    model.load(model=str(FOLDER / name), dtype="float32", local_files_only=True, **params)
    return model


def answer(model, text="What is the total?", *, images=("page.png",), system="", cancelled=None,
           **params):
    """All pieces, and how it ended."""
    request = Request(text=text, system=system, images=[FOLDER / name for name in images],
                      params=GREEDY | params, is_cancelled=cancelled or (lambda: False))
    pieces, generation = [], model.generate(request)
    while True:
        try:
            pieces.append(next(generation))
        except StopIteration as end:
            return pieces, end.value


class AnswerTest(unittest.TestCase):
    def test_the_answer_is_streamed_token_by_token(self):
        pieces, finish = answer(SAYING)
        self.assertEqual("".join(pieces), tiny_model.ANSWER)
        self.assertEqual(pieces, tiny_model.WORDS)
        self.assertEqual(finish.reason, "stop")
        self.assertEqual(finish.usage.completion_tokens, 10)  # "€" has 3, the end has one

    def test_max_tokens_cut_it(self):
        pieces, finish = answer(SAYING, max_tokens=3)
        self.assertEqual(pieces, tiny_model.WORDS[:3])
        self.assertEqual((finish.reason, finish.usage.completion_tokens), ("length", 3))

    def test_an_answer_of_just_max_tokens_stopped_by_itself(self):
        self.assertEqual(answer(SAYING, max_tokens=10)[1].reason, "stop")

    def test_max_new_tokens_is_the_default(self):
        model = loaded("saying", max_new_tokens=2)
        self.assertEqual("".join(answer(model, max_tokens=None)[0]), "The total")

    def test_stop_texts(self):
        pieces, finish = answer(SAYING, stop=["nothing", "2.5"])
        self.assertEqual("".join(pieces), "The total is 4")
        self.assertEqual(finish.reason, "stop")

    def test_pieces_are_what_transformers_decodes(self):
        for seed in range(5):
            with self.subTest(seed=seed):
                pieces, _ = answer(NOISE, temperature=1.5, seed=seed)
                self.assertEqual("".join(pieces), self.decoded(seed))

    def decoded(self, seed):
        """The answer without streaming, by transformers alone."""
        import torch

        processor, model = NOISE._loaded.processor, NOISE._loaded.model
        messages = [{"role": "user", "content": [
            {"type": "image", "image": Image.open(FOLDER / "page.png")},
            {"type": "text", "text": "What is the total?"}]}]
        inputs = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=True,
                                               return_dict=True, return_tensors="pt")
        torch.manual_seed(seed)
        tokens = model.generate(**inputs, max_new_tokens=40, do_sample=True, temperature=1.5)
        return processor.tokenizer.decode(tokens[0, inputs["input_ids"].shape[1]:],
                                          skip_special_tokens=True)

    def test_cancelling_ends_it_early(self):
        seen = []
        _, finish = answer(NOISE, cancelled=lambda: bool(seen.append(1)) or len(seen) > 3,
                           max_tokens=2000, temperature=1.0, seed=1)
        self.assertLess(finish.usage.completion_tokens, 10)

    def test_a_reader_that_leaves_ends_it(self):
        generation = NOISE.generate(Request(text="x", params={"max_tokens": 4000, "temperature": 0}))
        next(generation)
        generation.close()
        self.assertEqual("".join(answer(SAYING)[0]), tiny_model.ANSWER)


class SamplingTest(unittest.TestCase):
    def test_greedy_twice_is_the_same(self):
        self.assertEqual(answer(NOISE), answer(NOISE))

    def test_a_seed_decides(self):
        one, two = (answer(NOISE, temperature=1.0, seed=seed)[0] for seed in (1, 2))
        self.assertNotEqual(one, two)
        self.assertEqual(one, answer(NOISE, temperature=1.0, seed=1)[0])

    def test_top_k_of_one_is_greedy(self):
        self.assertEqual(answer(NOISE, temperature=1.0, top_k=1, seed=5)[0], answer(NOISE)[0])


class PromptTest(unittest.TestCase):
    def tokens(self, *arguments, **keywords):
        return answer(SAYING, *arguments, **keywords, max_tokens=1)[1].usage.prompt_tokens

    def test_every_image_costs_tokens(self):
        none, one, two = (self.tokens(images=["page.png"] * count) for count in (0, 1, 2))
        self.assertEqual(two - one, one - none)
        self.assertGreater(one, none)

    def test_the_system_prompt_is_part_of_it(self):
        self.assertGreater(self.tokens(system="Be brief."), self.tokens())

    def test_control_tokens_in_a_question_are_text(self):
        self.assertGreater(self.tokens("<|im_end|>") - self.tokens(""), 5)
        self.assertGreater(self.tokens("<|image_pad|>") - self.tokens(""), 5)

    def test_max_pixels_lower_the_tokens_of_an_image(self):
        small = loaded("saying", max_pixels=28 * 28 * 4)
        count = answer(small, images=["large.png"], max_tokens=1)[1].usage.prompt_tokens
        self.assertLess(count, self.tokens(images=["large.png"]))

    def test_roles_and_order_of_messages_are_kept(self):
        messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
                    {"role": "user", "content": [
                        {"type": "text", "text": "c"},
                        {"type": "image", "path": str(FOLDER / "page.png")}]}]
        pieces = list(SAYING.generate(Request(messages=messages, params=GREEDY)))
        self.assertEqual("".join(pieces), tiny_model.ANSWER)


class ImageTest(unittest.TestCase):
    def test_what_is_no_image_is_the_images_fault(self):
        (FOLDER / "text.png").write_text("no image")
        (FOLDER / "cut.png").write_bytes((FOLDER / "large.png").read_bytes()[:200])
        for name in ("text.png", "cut.png", "missing.png"):
            with self.subTest(name), self.assertRaises(BadImageError):
                answer(SAYING, images=[name])

    def test_transparency_becomes_white_and_palettes_colours(self):
        Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(FOLDER / "clear.png")
        Image.new("P", (8, 8)).save(FOLDER / "palette.png")
        self.assertEqual(read_image(FOLDER / "clear.png").getpixel((0, 0)), (255, 255, 255))
        self.assertEqual(read_image(FOLDER / "palette.png").mode, "RGB")


class LoadTest(unittest.TestCase):
    def refusal(self, **params):
        with self.assertRaises(PluginError) as raised:
            HuggingFaceModel().load(**{"model": str(FOLDER / "saying"), "local_files_only": True,
                                       **params})
        self.assertEqual(raised.exception.code, "load_failed")
        return str(raised.exception)

    def test_a_gpu_that_is_not_there(self):
        self.assertIn("device: cpu", self.refusal(device="cuda:63"))

    def test_a_model_that_is_not_there(self):
        self.assertIn("network: true", self.refusal(model="nobody/nothing"))

    def test_options_without_effect_are_refused(self):
        folder = FOLDER / "fixed"
        tiny_model.build(folder)
        for path in folder.glob("*processor_config.json"):
            text = path.read_text().replace("Qwen2VLImageProcessor", "CLIPImageProcessor")
            path.write_text(text)
        self.assertIn("Leave min_pixels and max_pixels out", self.refusal(model=str(folder), max_pixels=784))

    def test_limits_of_pixels_that_leave_no_size(self):
        self.assertIn("more than max_pixels", self.refusal(min_pixels=784, max_pixels=100))

    def test_foreign_code_is_not_run_unasked(self):
        folder = FOLDER / "foreign"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(
            {"model_type": "own", "auto_map": {"AutoConfig": "own.Config",
                                               "AutoProcessor": "own.Processor"}}))
        (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
        self.assertIn("trust_remote_code", self.refusal(model=str(folder)))
        self.assertFalse((folder / "ran").exists())

    def test_parameters_of_the_schema_are_those_of_load(self):
        import inspect

        parameters = inspect.signature(HuggingFaceModel.load).parameters
        properties = HuggingFaceModel.params_schema["properties"]
        self.assertEqual(list(parameters)[1:], list(properties))
        self.assertEqual({name: schema["default"] for name, schema in properties.items()
                          if "default" in schema},
                         {name: parameters[name].default for name in properties
                          if parameters[name].default not in (None, inspect.Parameter.empty)})


    def test_the_example_of_an_entry_has_the_parameters(self):
        path = Path(__file__).parents[1] / "registries/models/qwen2.5-vl-3b.yaml"
        schema = yaml.safe_load(path.read_text("utf-8"))["params_schema"]
        properties = HuggingFaceModel.params_schema["properties"]
        self.assertEqual(schema["required"], HuggingFaceModel.params_schema["required"])
        self.assertEqual(schema["properties"],
                         {name: {key: value for key, value in property_schema.items()
                                 if key != "default"}
                          for name, property_schema in properties.items()})


class RequestTest(unittest.TestCase):
    def test_wrong_sampling_parameters(self):
        with self.assertRaises(BadRequestError):
            answer(SAYING, max_tokens=-1)


if __name__ == "__main__":
    unittest.main()
