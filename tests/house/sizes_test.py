"""Small files, small functions: 400 lines a file (tests 500), 60 a function, 120 columns."""

import re
import unittest

from house import LAYERS, code, name

# A function's body begins at `{` on a line that is not indented (or is a member, by two spaces) and ends at the brace below.
OPENING = re.compile(r"^( {0,2})[^ #/}].*\)[^;]*\{$")


def functions(lines):
    begin, indent = None, ""
    for number, line in enumerate(lines, 1):
        if begin is None and (found := OPENING.match(line)) and not line.lstrip().startswith(("namespace", "class", "struct")):
            begin, indent = number, found[1]
        elif begin is not None and line.startswith(indent + "}"):
            yield begin, number - begin + 1
            begin = None


class Sizes(unittest.TestCase):
    def test_files(self):
        for folders, limit in ((LAYERS, 400), (("tests",), 500)):
            for path in code(*folders):
                self.assertLessEqual(len(path.read_text().splitlines()), limit, name(path))

    def test_functions(self):
        for path in code(*LAYERS):
            for begin, length in functions(path.read_text().splitlines()):
                self.assertLessEqual(length, 60, f"{name(path)}:{begin}")

    def test_columns(self):
        for path in code(*LAYERS, "tests"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                self.assertLessEqual(len(line), 120, f"{name(path)}:{number}")


if __name__ == "__main__":
    unittest.main()
