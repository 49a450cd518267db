"""The checks that `vlmhb registry validate` makes, and your own."""

import unittest

from vlmhyperbench.testing import self_check


class PluginTest(unittest.TestCase):
    def test_self_check(self):
        report = self_check("@KIND@", "@NAME@")
        self.assertTrue(report.ok, str(report))


if __name__ == "__main__":
    unittest.main()
