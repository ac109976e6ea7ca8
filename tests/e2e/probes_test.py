"""`probes` on every fixture machine, as programs and as people see it.

With IPW_UPDATE_GOLDENS=1 in the environment the goldens are written instead of compared.
"""

import json
import os
import pty
import re
import subprocess
import unittest

from support import BINARY, SOURCE, EndToEnd

MACHINES = SOURCE / "tests/testdata/sysfs"
GOLDENS = SOURCE / "tests/testdata/probes"
UPDATE = os.environ.get("IPW_UPDATE_GOLDENS") == "1"

CONFIG = """
corpus: {{name: none, path: none.jsonl}}
targets: [{{name: none, url: "http://127.0.0.1:9/v1", dialect: openai, model: none}}]
store: {{path: none.db}}
probes: {{sources: [{sources}]}}
"""


class Probes(EndToEnd):
    def probe(self, root, *options):
        done = self.run_binary("probes", "--root", root, *options, seconds=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Reasons name files: those of the machine, wherever its copy lies.
        return done.stdout.replace(str(root), "")

    def test_every_machine_shows_what_it_has(self):
        for machine in sorted(MACHINES.iterdir()):
            with self.subTest(machine=machine.name):
                shown = self.probe(machine, "--json")
                golden = GOLDENS / f"{machine.name}.json"
                if UPDATE:
                    golden.write_text(shown)
                self.assertTrue(golden.exists(), "no golden yet: run once with IPW_UPDATE_GOLDENS=1 and read what it wrote")
                self.assertEqual(json.loads(shown), json.loads(golden.read_text()))

    def test_every_golden_has_its_machine(self):
        self.assertEqual([], [path.name for path in GOLDENS.glob("*.json") if not (MACHINES / path.stem).is_dir()])

    def test_what_is_shown_is_consistent(self):
        for golden in sorted(GOLDENS.glob("*.json")):
            with self.subTest(machine=golden.stem):
                shown = json.loads(golden.read_text())
                channels = {row["channel"]: row for row in shown["channels"]}
                self.assertEqual(len(channels), len(shown["channels"]), "names are unique")
                for row in shown["channels"]:
                    for whole in filter(None, row["contained_in"].split(" + ")):
                        self.assertIn(whole, channels)
                    self.assertIn(row["duplicate_of"], [None, *channels])
                    self.assertIsNotNone(row["max_power_w"])
                    self.assertTrue(row["up"] or row["reason"], row)
                    if row["watts"] is not None:
                        self.assertTrue(0 < row["watts"] <= row["max_power_w"], row)
                for source in shown["sources"]:
                    self.assertTrue(source["found"] or len(source["reason"]) > 10, source)
                self.assertEqual({row["device"] for row in shown["channels"]}, {row["device"] for row in shown["devices"]})

    def test_people_see_the_tree(self):
        shown = self.probe(MACHINES / "two-packages")
        names = re.findall(r"^( *rapl/\S+)", shown.split("power: auto")[0], re.MULTILINE)
        self.assertEqual(names, ["rapl/psys", "  rapl/package-0", "    rapl/package-0-core", "  rapl/package-0-dram",
                                 "  rapl/package-1", "    rapl/package-1-core", "  rapl/package-1-dram"])
        self.assertIn("node, host", shown)

    def test_a_terminal_gets_lines(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with subprocess.Popen([BINARY, "probes", "--root", MACHINES / "two-packages"], stdout=theirs,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
            os.close(theirs)
            shown = b""
            while "`power: auto`" not in shown.decode(errors="replace"):
                shown += os.read(ours, 65536)
            process.wait(60)
        for line in ("├─ rapl/package-0 ", "│  └─ rapl/package-0-core", "└─ rapl/package-1-dram"):
            self.assertIn(line, shown.decode(errors="replace"))

    def record(self, name, *options):
        file = self.folder / name
        done = self.run_binary("probes", "--record", file, "--seconds", "0.3", *options, seconds=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(str(file), done.stdout)
        return file

    def test_a_recording_plays_back_what_was_there(self):
        trace = self.record("trace.jsonl", "--root", MACHINES / "two-packages")
        config = self.write("probes.yaml", CONFIG.format(sources=f"{{type: recorded, path: {trace}}}"))
        played = json.loads(self.probe(self.folder, "--json", "-c", config))
        live = json.loads(self.probe(MACHINES / "two-packages", "--json"))
        self.assertTrue(all(row["up"] for row in played["channels"]), played["channels"])
        for key in ("device", "device_name", "domain", "max_power_w", "wraps_at_j"):
            self.assertEqual([row[key] for row in played["channels"]], [row[key] for row in live["channels"]])
        self.assertEqual([row["channel"].replace("recorded/", "rapl/") for row in played["channels"]],
                         [row["channel"] for row in live["channels"]])
        self.assertEqual([row["contained_in"].replace("recorded/", "rapl/") for row in played["channels"]],
                         [row["contained_in"] for row in live["channels"]])

    def test_a_recording_has_nothing_twice(self):
        twice = ", ".join(["{type: rapl}"] * 2 + ["{type: simulated, watts: 7, name: a}, {type: simulated, watts: 8, name: a}"])
        config = self.write("probes.yaml", CONFIG.format(sources=twice))
        trace = self.record("trace.jsonl", "--root", MACHINES / "amd", "-c", config)
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
        self.assertEqual([channel["name"] for channel in lines[0]["channels"]], ["package-0", "package-0-core", "a"])
        self.assertEqual(lines[0]["channels"][1]["parent"], "package-0")
        joules = [(line["readings"][2]["stamp"], line["readings"][2]["joules"]) for line in lines[1:] if line["readings"][2]]
        (first_at, first), (last_at, last) = joules[0], joules[-1]
        self.assertGreater(len(joules), 2)
        self.assertAlmostEqual((last - first) / (last_at - first_at), 7, delta=0.7)

    def test_a_recording_that_cannot_be(self):
        for root, trace, said in ((MACHINES / "amd", self.folder / "none/trace", "none/trace"),
                                  (self.folder, self.folder / "trace", "nothing to record"),
                                  (MACHINES / "amd", "/dev/full", "/dev/full")):
            with self.subTest(said):
                done = self.run_binary("probes", "--seconds", "0.3", "--root", root, "--record", trace, seconds=60)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(said, done.stderr)

    def test_a_machine_without_anything(self):
        shown = json.loads(self.probe(self.folder, "--json"))
        self.assertEqual(shown["channels"], [])
        self.assertEqual(shown["devices"], [])
        self.assertEqual(shown["auto"], {"refused": None, "meters": []})
        self.assertFalse([source for source in shown["sources"] if source["found"]])


if __name__ == "__main__":
    unittest.main()
