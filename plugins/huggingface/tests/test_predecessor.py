"""A class as the predecessor's model packages have it, over transformers, through the compat layer."""

import sys
import tempfile
import types
import unittest
from pathlib import Path

import tiny_model
from PIL import Image

from vlmhyperbench import Request
from vlmhyperbench.compat import PredictorModel


class TinyModel:
    """Loads in its constructor and answers about one image or several, as they do."""

    def __init__(self, model_name: str, system_prompt: str = "", cache_dir: str = "model_cache"):
        from transformers import AutoModelForImageTextToText, AutoProcessor

        folder = Path(cache_dir) / model_name
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder)
        self.system_prompt = system_prompt

    def predict_on_image(self, image: str, question: str) -> str:
        return self.predict_on_images([image], question)

    def predict_on_images(self, images: list, question: str) -> str:
        content = [{"type": "image", "image": Image.open(image)} for image in images]
        messages = [{"role": "system", "content": [{"type": "text", "text": self.system_prompt}]},
                    {"role": "user", "content": content + [{"type": "text", "text": question}]}]
        inputs = self.processor.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=True,
            return_tensors="pt")
        output = self.model.generate(**inputs, max_new_tokens=40, do_sample=False)
        return self.processor.decode(output[0, inputs["input_ids"].shape[1]:],
                                     skip_special_tokens=True)


class PredecessorTest(unittest.TestCase):
    def test_it_answers_about_images(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        cache = Path(scratch.name)
        tiny_model.build(cache / "tiny")
        Image.new("RGB", (120, 60), "white").save(cache / "page.png")
        module = types.ModuleType("tiny_predecessor")
        module.TinyModel = TinyModel
        sys.modules["tiny_predecessor"] = module
        self.addCleanup(sys.modules.pop, "tiny_predecessor")
        model = PredictorModel()
        model.load(**{"class": "tiny_predecessor:TinyModel", "model_name": "tiny",
                      "system_prompt": "Be brief.", "cache_dir": str(cache)})
        for count in (1, 2):
            with self.subTest(images=count):
                request = Request(text="What is the total?", images=[cache / "page.png"] * count)
                self.assertEqual(model.generate(request), tiny_model.ANSWER)
        model.unload()


if __name__ == "__main__":
    unittest.main()
