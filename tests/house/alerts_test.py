"""The alerting and recording rules: promtool accepts and tests them, and what they name exists."""

import pathlib
import re
import shutil
import subprocess
import unittest

from house import SOURCE, name, tracked

UNPACKED = SOURCE / "build/tools/usr/bin/promtool"  # by deploy/setup prometheus
PROMTOOL = UNPACKED if UNPACKED.exists() else shutil.which("promtool")
ALL = tracked("dashboards/alerts/*.yml") + tracked("dashboards/rules/*.yml")
TESTS = [path for path in ALL if path.stem.endswith("_test")]
RULES = [path for path in ALL if path not in TESTS]


def exported():
    """The names of the metrics, as they stand in the source; a histogram has three series, a bounded figure too."""
    families = {found for path in tracked("exporter/metrics*.cpp") for found in re.findall(r'"((?:ipw|process)_\w+)"', path.read_text())}
    return families | {f"{family}{end}" for family in families for end in ("_bucket", "_count", "_sum", "_lower", "_upper")}


def alerts(path):
    """Each alert's own lines, by its name."""
    parts = re.split(r"^ +- alert: (\w+)\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def anchors(path):
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


class Alerts(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(PROMTOOL, "no promtool: run deploy/setup prometheus")
    def test_promtool_accepts_the_rules_and_passes_their_tests(self):
        self.promtool("check", "rules", *RULES)
        self.promtool("test", "rules", *TESTS)

    def test_every_file_of_rules_has_its_tests(self):
        self.assertTrue(RULES)
        self.assertEqual({f"{path.stem}_test" for path in RULES}, {path.stem for path in TESTS})

    def test_every_alert_is_seen_to_fire_and_not_to(self):
        for path in RULES:
            tests = path.with_name(f"{path.stem}_test.yml").read_text()
            for alert in alerts(path):
                self.assertRegex(tests, rf"alertname: {alert}\n +exp_alerts:\n +- exp_labels:", "fires")
                self.assertRegex(tests, rf"alertname: {alert}, exp_alerts: \[\]", "does not fire")

    def test_every_figure_that_is_only_recorded_is_tested(self):
        for path in RULES:
            if alerts(path):
                continue
            text, tests = path.read_text(), path.with_name(f"{path.stem}_test.yml").read_text()
            for record in re.findall(r"- record: (\S+)", text):
                used = text.count(record) > 1
                self.assertTrue(used or re.search(rf"\b{re.escape(record)}\b", tests), record)

    def test_every_metric_exists(self):
        known = exported()
        for path in RULES:
            text = re.sub(r"#.*", "", path.read_text())
            recorded = set(re.findall(r"- record: (\S+)", text))
            self.assertLessEqual(set(re.findall(r"\bipw:[\w:]+", text)), recorded, name(path))
            used = set(re.findall(r"\b(?:ipw|process)_\w+", text))
            self.assertTrue(used)
            self.assertLessEqual(used, known, name(path))

    def test_every_alert_says_what_to_do(self):
        for path in RULES:
            for alert, text in alerts(path).items():
                for part in ("for: ", "severity: ", "summary: ", "description: ", "runbook_url: "):
                    self.assertIn(part, text, f"{alert} in {name(path)}")
                runbook, _, anchor = re.search(r"runbook_url: (\S+)", text)[1].partition("#")
                self.assertTrue((SOURCE / runbook).is_file(), f"{alert}: {runbook}")
                self.assertIn(anchor, anchors(SOURCE / pathlib.Path(runbook)), f"{alert}: {runbook}")


if __name__ == "__main__":
    unittest.main()
