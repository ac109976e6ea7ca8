"""clang-tidy has nothing to say about the program's own sources (.clang-tidy; warnings are errors)."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import unittest

from house import LAYERS, SOURCE

# Of the preset without precompiled headers: a file that lacks an include is found here.
BUILD = SOURCE / "build/dev"


def findings(path):
    done = subprocess.run(["clang-tidy", "--quiet", "-p", BUILD, path], cwd=SOURCE, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if " error: " in line or " warning: " in line]
    return found or ([f"{path}: {done.stderr}"] if done.returncode != 0 else [])


@unittest.skipUnless(shutil.which("clang-tidy"), "no clang-tidy here")
class Tidy(unittest.TestCase):
    def test_sources_are_tidy(self):
        subprocess.run(["cmake", "--preset", "dev"], cwd=SOURCE, check=True, capture_output=True)
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        roots = tuple(str(SOURCE / layer) + "/" for layer in LAYERS)
        files = sorted({entry["file"] for entry in commands if entry["file"].startswith(roots)})
        self.assertGreater(len(files), 40)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = {line for found in pool.map(findings, files) for line in found}
        self.assertFalse(wrong, "\n".join(sorted(wrong)))


if __name__ == "__main__":
    unittest.main()
