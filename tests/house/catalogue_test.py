"""Every plug-in file has its word in the X-list and a test of its own."""

import re
import unittest

from house import SOURCE, name, tracked

# Folder of plug-ins, file with the X-list, folder of tests.
KINDS = (("probes/sources", "probes/power_sources.cpp", "tests/probes/sources"),
         ("replay/dialects", "replay/dialects.cpp", "tests/replay/dialects"),
         ("replay/judges", "replay/judges.cpp", "tests/replay/judges"))


class Catalogue(unittest.TestCase):
    def test_every_plug_in_is_listed_and_tested(self):
        for folder, catalogue, tests in KINDS:
            text = re.sub(r"#define X\(.*", "", (SOURCE / catalogue).read_text())
            listed = set(re.findall(r"\bX\((\w+)", text))
            # What several plug-ins share has a header; a plug-in has none.
            plug_ins = {path.stem for path in tracked(f"{folder}/*.cpp") if not path.with_suffix(".hpp").exists()}
            self.assertEqual(plug_ins, listed, folder)
            tested = {path.name.removesuffix("_test.cpp") for path in tracked(f"{tests}/*_test.cpp")}
            self.assertLessEqual(plug_ins, tested, f"{folder} against {tests}")

    def test_every_power_source_keeps_the_contract(self):
        text = re.sub(r"#define X\(.*", "", (SOURCE / "probes/power_sources.cpp").read_text())
        for source in re.findall(r"\bX\((\w+)", text):
            if source != "apple":  # exists on macOS alone
                test = (SOURCE / f"tests/probes/sources/{source}_test.cpp").read_text()
                self.assertIn("PowerSourceContract", test, source)

    def test_every_documented_command_exists(self):
        parser = (SOURCE / "exporter/cli.cpp").read_text()
        for command in ("run", "demo", "check", "probes", "replay", "export", "report", "judge", "corpus", "version"):
            self.assertIn(f'"{command}"', parser)


if __name__ == "__main__":
    unittest.main()
