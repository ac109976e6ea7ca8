"""The documents: links that lead somewhere, files in plain shape, scripts that parse."""

import re
import subprocess
import unittest

from house import SOURCE, name, tracked

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


class Prose(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for path in tracked("*.md"):
            for target in LINK.findall(path.read_text()):
                if "://" not in target:
                    self.assertTrue((path.parent / target).exists(), f"{name(path)} links to {target}")

    def test_text_files_end_in_a_newline_and_have_no_trailing_space(self):
        for path in tracked("*.md", "*.cpp", "*.hpp", "*.py", "*.cmake", "*.txt", "*.yaml", "*.yml", "deploy/*"):
            if path.is_dir() or "testdata" in name(path):
                continue
            text = path.read_text()
            self.assertTrue(not text or text.endswith("\n"), name(path))
            for number, line in enumerate(text.splitlines(), 1):
                self.assertEqual(line, line.rstrip(), f"{name(path)}:{number}")

    def test_scripts_parse(self):
        for script in ("deploy/demo", "deploy/setup", "deploy/llama/unpack", "deploy/llama/server", "tests/run", "tests/fuzz/run",
                       ".ci/run"):
            subprocess.run(["bash", "-n", SOURCE / script], check=True)


if __name__ == "__main__":
    unittest.main()
