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
AMTOOL = SOURCE / "build/tools/usr/bin/amtool"  # by deploy/setup alertmanager
AMTOOL = AMTOOL if AMTOOL.exists() else shutil.which("amtool")
ALERTMANAGER = SOURCE / "dashboards/alertmanager.yml"
README = SOURCE / "dashboards/README.md"
TESTS = [path for path in ALL if path.stem.endswith("_test")]
RULES = [path for path in ALL if path not in TESTS]

# What the name of a test must say after the alert's own name, and at least one test of each alert does.
KINDS = {
    "fires": r"^fires\b",
    "does not fire on the near miss": r"^does not fire on the near miss\b",
    "resolves": r"\bresolves\b",
    "does not fire on a restart": r"^does not fire on a restart\b",
    "does not fire on a missing scrape": r"^does not fire on a missing scrape\b",
}


def exported():
    """The names of the metrics, as they stand in the source; a histogram has three series, a bounded figure too."""
    families = {found for path in tracked("exporter/metrics*.cpp") for found in re.findall(r'"((?:ipw|process)_\w+)"', path.read_text())}
    return families | {f"{family}{end}" for family in families for end in ("_bucket", "_count", "_sum", "_lower", "_upper")}


def alerts(path):
    """Each alert's own lines, by its name."""
    parts = re.split(r"^ +- alert: (\w+)\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def cases(path):
    """The tests of each alert of that file of tests: their names after the alert's own, and their texts."""
    found = {}
    parts = re.split(r'^  - name: "?(\w+) (.+?)"?\n', path.read_text(), flags=re.MULTILINE)
    for alert, kind, text in zip(parts[1::3], parts[2::3], parts[3::3]):
        found.setdefault(alert, []).append((kind, text))
    return found


def seen(text):
    """The minutes at which a test sees an alert fire, and those at which it sees none."""
    firing = re.findall(r"eval_time: (\d+)m\n +alertname: \w+\n +exp_alerts:\n +- exp_labels:", text)
    firing += re.findall(r'alertstate="firing"\}\)\'?, eval_time: (\d+)m, exp_samples: \[\{', text)
    firing += re.findall(r'alertstate="firing"\}\)\n +eval_time: (\d+)m\n +exp_samples: \[\{', text)
    return [int(at) for at in firing], [int(at) for at in re.findall(r"eval_time: (\d+)m, alertname: \w+, exp_alerts: \[\]", text)]


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

    def test_every_alert_has_a_test_of_each_kind(self):
        for path in RULES:
            tests = cases(path.with_name(f"{path.stem}_test.yml"))
            for alert in alerts(path):
                for kind, pattern in KINDS.items():
                    texts = [text for says, text in tests.get(alert, []) if re.search(pattern, says)]
                    self.assertTrue(texts, f"{name(path)} has no test named: {alert} {kind}")
                    for text in texts:
                        self.shows(alert, kind, text)

    def shows(self, alert, kind, text):
        """That the test does what its name says."""
        self.assertEqual(set(re.findall(r"alertname: (\w+)", text)) - {alert}, set(), f"{alert} {kind}")
        firing, silent = seen(text)
        if kind == "fires":
            self.assertTrue(firing, f"{alert} {kind}")
        elif kind == "resolves":
            self.assertTrue(firing and silent and max(silent) > max(firing), f"{alert} {kind}")
        else:
            self.assertTrue(silent and not firing, f"{alert} {kind}")

    def test_every_alert_is_seen_whole(self):
        for path in RULES:
            tests = cases(path.with_name(f"{path.stem}_test.yml"))
            for alert in alerts(path):
                whole = [text for _, text in tests[alert] if "exp_labels:" in text and "runbook_url:" in text]
                self.assertTrue(whole, f"{alert}: no test has its labels and annotations")

    def test_names_are_given_once(self):
        names = [alert for path in RULES for alert in alerts(path)]
        self.assertEqual(len(names), len(set(names)))

    @unittest.skipUnless(AMTOOL, "no amtool: run deploy/setup alertmanager")
    def test_the_example_for_alertmanager_holds(self):
        done = subprocess.run([AMTOOL, "check-config", ALERTMANAGER], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for severity, receiver in (("critical", "pager"), ("warning", "team"), ("info", "log")):
            done = subprocess.run([AMTOOL, "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}"],
                                  capture_output=True, text=True)
            self.assertEqual(done.stdout.strip(), receiver, severity)

    def test_the_example_names_alerts_that_exist(self):
        named = set(re.findall(r"\bIpw\w+", re.sub(r"#.*", "", ALERTMANAGER.read_text())))
        self.assertLessEqual(named, {alert for path in RULES for alert in alerts(path)})

    def test_the_demo_loads_every_file_of_rules(self):
        loaded = re.findall(r"@SOURCE@/(\S+?\.yml)", (SOURCE / "deploy/demo-prometheus.yml").read_text())
        self.assertEqual(sorted(loaded), sorted(name(path) for path in RULES))

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

    def test_what_people_read_names_what_exists(self):
        known, given = exported(), {alert for path in RULES for alert in alerts(path)}
        recorded = {record for path in RULES for record in re.findall(r"- record: (\S+)", path.read_text())}
        for path in [README, *tracked("docs/runbooks/*.md")]:
            text = path.read_text()
            self.assertLessEqual(set(re.findall(r"\b(?:ipw|process)_\w+", text)), known, name(path))
            self.assertLessEqual(set(re.findall(r"\bipw:[\w:]+", text)), recorded, name(path))
            self.assertLessEqual(set(re.findall(r"\bIpw\w+", text)), given, name(path))
            for link in re.findall(r"\]\((\w*(?:\.md)?#[\w-]+)\)", text):
                page, _, anchor = link.partition("#")
                self.assertIn(anchor, anchors(path.with_name(page) if page else path), f"{name(path)}: {link}")

    def test_the_readme_has_every_alert_by_its_severity_and_every_file(self):
        rows = {row[1].strip(" `"): row[2:5] for row in (line.split("|") for line in README.read_text().splitlines()) if len(row) == 6}
        for path in RULES:
            for alert, text in alerts(path).items():
                column = ("critical", "warning", "info").index(re.search(r"severity: (\w+)", text)[1])
                self.assertIn(alert, rows[path.name][column], f"{name(path)} in {name(README)}")
            self.assertIn(f"  - {path.relative_to(README.parent)}\n", README.read_text())

    def test_every_alert_says_what_to_do(self):
        for path in RULES:
            for alert, text in alerts(path).items():
                for part in ("for: ", "severity: ", "summary: ", "description: ", "runbook_url: "):
                    self.assertIn(part, text, f"{alert} in {name(path)}")
                self.assertRegex(text, r"severity: (critical|warning|info)\n", alert)
                summary = re.search(r"summary: (?:>-\n)?((?:.+\n)+?) +description: ", text)[1]
                self.assertRegex(summary, r"\$value|query|\d", f"{alert}: the summary has a figure")
                runbook, _, anchor = re.search(r"runbook_url: (\S+)", text)[1].partition("#")
                self.assertEqual((runbook, anchor), (f"docs/runbooks/{path.stem}.md", alert.lower()))
                self.assertTrue((SOURCE / runbook).is_file(), f"{alert}: {runbook}")
                self.assertIn(anchor, anchors(SOURCE / pathlib.Path(runbook)), f"{alert}: {runbook}")


if __name__ == "__main__":
    unittest.main()
