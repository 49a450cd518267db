"""The images of images/, built on the engines' own base (scripts/test-engines): no registry is needed."""

import os
import pathlib
import subprocess
import unittest

import engines
import harness

# Each takes a base that has what it would install as it is; transformers would download PyTorch.
ON_ANY_BASE = ("base-cpu", "base-gpu", "evaluation", "sglang", "tesseract", "vllm")
PROGRAM = pathlib.Path(harness.VLMHB)


def build(engine, name, *options):
    # Podman's service takes Docker's client, and its classic way to build.
    env = {**os.environ, "DOCKER_HOST": engines.ADDRESSES[engine], "DOCKER_BUILDKIT": "0",
           "VLMHB": str(PROGRAM)}
    return subprocess.run([engines.REPOSITORY / "scripts/images", "docker", name, *options], env=env,
                          capture_output=True, text=True, timeout=300)


def config_of(engine, name):
    return engines.ask(engine, f"/images/vlmhb/{name}:1/json")["Config"]


@unittest.skipUnless(engines.ADDRESSES and engines.IMAGE, "no engine (run by scripts/test-engines)")
class ImagesTest(harness.TestCase):
    def test_every_image_is_built_and_is_nobody_s_server(self):
        for engine in engines.ADDRESSES:
            for name in ON_ANY_BASE:
                with self.subTest(engine=engine, image=name):
                    self.assert_exit(build(engine, name, "--build-arg", f"BASE={engines.IMAGE}"), 0)
                    config = config_of(engine, name)
                    self.assertEqual(config["User"], "65534:65534")
                    self.assertFalse(config.get("Entrypoint"))
                    self.assertEqual(config["Labels"]["org.opencontainers.image.title"], f"vlmhb/{name}")
                    self.assertIn("org.opencontainers.image.revision", config["Labels"])

    def test_the_program_s_own_image_has_nothing_else(self):
        for engine in engines.ADDRESSES:
            with self.subTest(engine=engine):
                self.assert_exit(build(engine, "vlmhb"), 0)
                ran = subprocess.run(
                    ["docker", "run", "--rm", "--network=none", "--read-only", "vlmhb/vlmhb:1", "--version"],
                    env={**os.environ, "DOCKER_HOST": engines.ADDRESSES[engine]},
                    capture_output=True, text=True, timeout=120)
                self.assert_exit(ran, 0)
                own = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True)
                self.assertEqual(ran.stdout, own.stdout)

    def test_a_wrong_name_is_refused_with_those_there_are(self):
        engine = next(iter(engines.ADDRESSES))
        for name in ("no-such-image", "../images/vlmhb", ""):
            refused = build(engine, name)
            self.assert_exit(refused, 1)
            self.assertIn("images/tesseract/", refused.stderr)


if __name__ == "__main__":
    unittest.main()
