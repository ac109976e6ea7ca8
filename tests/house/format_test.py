"""clang-format has nothing to change."""

import shutil
import subprocess
import unittest

from house import LAYERS, SOURCE, code


@unittest.skipUnless(shutil.which("clang-format"), "no clang-format here")
class Format(unittest.TestCase):
    def test_code_is_formatted(self):
        files = [str(path) for path in code(*LAYERS, "tests")]
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[:4000])


if __name__ == "__main__":
    unittest.main()
