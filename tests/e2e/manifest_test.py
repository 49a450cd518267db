"""manifest.json says what really ran, and how it was confined."""

import unittest

import harness


class Manifest(harness.TestCase):
    def manifest_after(self, *options):
        experiment = self.experiment(rows=2)
        self.assert_exit(experiment.run(*options), 0)
        return experiment.manifest()

    def test_a_sandboxed_stage(self):
        manifest = self.manifest_after()
        self.assertEqual(set(manifest["hardware"]), {"cpu", "cores", "memory_bytes", "gpus", "gpu_driver",
                                                     "kernel", "architecture"})
        self.assertEqual(set(manifest["stages"]), {"infer", "evaluate"})
        for stage in manifest["stages"].values():
            environment, seen = stage["environment"], stage["confinement"]
            self.assertEqual(environment["engine"], "bubblewrap")
            self.assertEqual(environment["network"], "none")
            self.assertEqual([m["path"] for m in environment["mounts"] if m["access"] == "read_write"],
                             ["/data/out"])
            # What the kernel says agrees with what was asked for.
            self.assertEqual(seen["uid"], environment["uid"])
            self.assertTrue(environment["syscalls_filtered"] and seen["syscalls_filtered"])
            self.assertTrue(seen["no_new_privileges"])
            self.assertEqual(int(seen["capabilities"], 16), 0)
            self.assertIsInstance(seen["landlock"], int)

    def test_one_without_isolation_says_so(self):
        stage = self.manifest_after("--sandbox", "none")["stages"]["infer"]
        self.assertFalse(stage["environment"]["sandbox"])
        self.assertFalse(stage["environment"]["syscalls_filtered"])
        # The stage's own wall stands anywhere.
        self.assertTrue(stage["confinement"]["syscalls_filtered"])
        self.assertIn("no sandbox", " ".join(stage["environment"]["warnings"]))


if __name__ == "__main__":
    unittest.main()
