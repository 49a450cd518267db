import subprocess
import sys
import unittest

from vlmhyperbench_huggingface.errors import LoadError, OutOfMemory, load_error, request_error


class GatedRepoError(Exception):
    """As in huggingface_hub."""


class LocalEntryNotFoundError(Exception):
    """As in huggingface_hub."""


class OutOfMemoryError(RuntimeError):
    """As in torch."""


class LoadErrorTest(unittest.TestCase):
    def test_a_missing_package_is_named(self):
        error = load_error("org/model", ModuleNotFoundError("No module", name="torch"))
        self.assertIn("'torch'", str(error))
        self.assertIn("packages", str(error))

    def test_a_gated_model_asks_for_a_token_by_reference(self):
        outer = OSError("You are trying to access a gated repo.\nMore.")
        outer.__cause__ = GatedRepoError("403")
        self.assertIn("${env:HF_TOKEN}", str(load_error("org/model", outer)))

    def test_no_network_names_the_ways_to_get_a_model(self):
        outer = OSError("cannot connect")
        outer.__context__ = LocalEntryNotFoundError("x")
        self.assertIn("network: true", str(load_error("org/model", outer)))

    def test_foreign_code_is_told_of(self):
        error = load_error("org/model", ValueError("... set `trust_remote_code=True` ..."))
        self.assertIn("pin `revision`", str(error))

    def test_memory(self):
        error = load_error("org/model", OutOfMemoryError("CUDA out of memory. Tried to allocate"))
        self.assertIsInstance(error, OutOfMemory)
        self.assertEqual(error.code, "out_of_memory")
        self.assertIn("dtype: bfloat16", str(error))

    def test_others_are_told_as_they_are(self):
        error = load_error("org/model", ValueError("what it says"))
        self.assertIsInstance(error, LoadError)
        self.assertEqual(str(error), "loading org/model: ValueError: what it says")


class RequestErrorTest(unittest.TestCase):
    def test_memory_names_the_options_to_lower(self):
        for error in (OutOfMemoryError("CUDA out of memory"), MemoryError(),
                      RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")):
            with self.subTest(error=error):
                self.assertIn("max_pixels", str(request_error(error, "cuda:0")))

    def test_others_stay(self):
        error = ValueError("x")
        self.assertIs(request_error(error, "cpu"), error)


class ImportTest(unittest.TestCase):
    def test_torch_and_transformers_come_with_load(self):
        code = ("import sys, vlmhyperbench_huggingface; "
                "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'PIL')))")
        self.assertEqual(subprocess.run([sys.executable, "-c", code], timeout=60).returncode, 0)


if __name__ == "__main__":
    unittest.main()
