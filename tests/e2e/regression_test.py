"""What runs is changed, and the sidecar says what that made worse: epochs, baselines, alarms, recovery, and the gate."""

import json
import unittest
import zlib

from judge_server import JudgeServer
from support import EndToEnd, await_true, get_json, scrape

ITEMS = 120
CORPUS = [{"id": f"q{i}", "problem": f"Question {i}?", "answer": "42", "judge": "numeric",
           "subject": "even" if i % 2 == 0 else "odd"} for i in range(ITEMS)]


class Model:
    """Knows nine of ten answers, unless it was made worse: then it knows half of those to questions with even numbers."""

    def __init__(self):
        self.worse = False

    def __call__(self, prompt):
        number = int(prompt.split()[1][:-1])
        known = zlib.crc32(prompt.encode()) % 10 != 0
        if self.worse and number % 4 == 0:
            known = False
        return "It is 42." if known else "It is 41."


class Regressions(EndToEnd):
    def setUp(self):
        super().setUp()
        self.model = Model()
        self.serve("1.0")
        self.corpus = self.write("corpus.jsonl", "".join(json.dumps(line) + "\n" for line in CORPUS))
        self.journal = self.folder / "ipw.db"
        self.config = self.configure()

    def serve(self, version, port=0):
        self.server = JudgeServer(self.model, pages={"/version": {"version": version}}, port=port)
        self.addCleanup(self.server.close)

    def configure(self, name="config.yaml", corpus=None, store="ipw.db"):
        # Only accuracy is this test's to change: the margins of the others are out of reach.
        return self.write(name, f"""
listen: 127.0.0.1:0
corpus: {{name: sums, path: {corpus or self.corpus}, panel: {{size: {ITEMS}, seed: 1}}}}
targets:
  - name: local
    url: {self.server.url}
    model: scripted
    schedule: {{mode: closed, concurrency: 2}}
probes: {{period: 50ms, sources: [{{type: simulated, watts: 100}}]}}
store: {{path: {self.folder}/{store}}}
regression: {{energy_margin: 0.5, latency_margin: 0.5, ipj_margin: 0.5}}
""")

    def regression(self, url):
        return get_json(f"{url}/api/v1/status")["targets"][0]["regression"]

    def accuracy(self, url):
        return next((test for test in self.regression(url)["tests"] if test["quantity"] == "accuracy"), None)

    def detected(self, url):
        return scrape(url).sum("ipw_regression_detected", quantity="accuracy")

    def baseline(self, *arguments):
        done = self.run_binary("baseline", *arguments, "-c", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_worse_and_better_again_within_an_epoch(self):
        process, url = self.sidecar(self.config)
        self.assertEqual(self.regression(url)["decision"], "warming_up")
        await_true(lambda: self.accuracy(url), "a baseline of the first cycles", 60)
        await_true(lambda: self.accuracy(url)["queries"] > 2 * ITEMS, "two cycles more")
        self.assertEqual(self.detected(url), 0)
        self.model.worse = True
        await_true(lambda: self.detected(url) == 1, "the regression", 60)
        found = await_true(lambda: (lambda test: test["points"]["upper"] < 0 and test)(self.accuracy(url)), "its size")
        self.assertEqual(found["moved"]["subjects"][0]["subject"], "even")
        self.assertEqual({item["subject"] for item in found["moved"]["queries"]}, {"even"})
        sample = scrape(url)
        self.assertEqual(sample.sum("ipw_regression_state", state="regressed"), 1)
        self.assertGreater(sample.sum("ipw_regression_queries", quantity="accuracy"), 0)
        self.assertLess(sample.sum("ipw_change_ratio_upper", quantity="accuracy"), 1)
        before = self.regression(url)
        self.assertEqual(process.stop(), 0)

        process, url = self.sidecar(self.config, "restarted")
        again = self.regression(url)
        self.assertEqual(again["decision"], "regressed", "it is as it was after a restart")
        self.assertEqual(again["epoch"], before["epoch"])
        self.model.worse = False
        await_true(lambda: self.detected(url) == 0, "the recovery", 60)
        self.assertEqual(process.stop(), 0)

    def test_another_version_is_an_epoch_of_its_own(self):
        process, url = self.sidecar(self.config)
        await_true(lambda: self.accuracy(url), "a baseline", 60)
        first = self.regression(url)
        self.assertEqual(first["epoch"]["facts"]["engine_version"], "1.0")
        port = self.server.server.server_port
        self.server.close()
        self.model.worse = True
        self.serve("2.0", port)
        await_true(lambda: self.regression(url)["epoch"]["facts"]["engine_version"] == "2.0", "the new epoch", 60)
        self.assertEqual(self.regression(url)["epoch"]["changed"], "engine_version 1.0 -> 2.0")
        await_true(lambda: self.detected(url) == 1, "the regression", 60)
        self.assertLess(self.accuracy(url)["queries_to_alarm"], 2 * ITEMS, "a declared change is found within two cycles")
        info = scrape(url).select("ipw_target_info")[0][0]
        self.assertEqual((info["engine_version"], info["epoch"]), ("2.0", self.regression(url)["epoch"]["digest"]))

        listed = self.baseline("list")
        self.assertIn("automatic", listed)
        self.assertIn("current", listed)
        self.assertIn("engine_version: 1.0", self.baseline("show"))
        self.baseline("accept")
        await_true(lambda: (self.regression(url)["baseline"] or {}).get("origin") == "accepted", "the accepted baseline")
        await_true(lambda: self.accuracy(url) and self.detected(url) == 0, "nothing is worse than what was accepted", 60)
        self.baseline("pin")
        await_true(lambda: self.regression(url)["baseline"]["origin"] == "pinned", "the pinned baseline")
        self.baseline("clear")
        await_true(lambda: (self.regression(url)["baseline"] or {}).get("origin") != "pinned", "no pinned baseline")
        self.assertEqual(process.stop(), 0)

    def test_another_panel_or_other_judges_cannot_be_compared(self):
        process, url = self.sidecar(self.config)
        await_true(lambda: self.accuracy(url), "a baseline", 60)
        self.assertEqual(process.stop(), 0)
        original = self.config.read_text()
        for what, changed in (("another corpus or panel", original.replace(f"size: {ITEMS}", f"size: {ITEMS - 10}")),
                              ("other judges", original + "judges: {default: exact}\n"),
                              ("another load", original.replace("concurrency: 2", "concurrency: 3"))):
            with self.subTest(what):
                self.config.write_text(changed)
                process, url = self.sidecar(self.config, what.replace(" ", "-"))
                found = self.regression(url)
                self.assertEqual(found["decision"], "incomparable")
                self.assertIn(what, found["why"])
                self.assertEqual(scrape(url).sum("ipw_regression_state", state="incomparable"), 1)
                self.assertEqual(process.stop(), 0)

    def test_the_gate(self):
        done = self.run_binary("replay", "-c", self.config, "--gate", self.journal)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--gate", done.stderr)
        for i in range(5):
            self.assertEqual(self.run_binary("replay", "-c", self.config).returncode, 0)
        candidate = self.configure("candidate.yaml", store="candidate.db")
        done = self.run_binary("replay", "-c", candidate, "--gate", self.journal)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("against the baseline:", done.stdout)
        self.model.worse = True
        done = self.run_binary("replay", "-c", candidate, "--gate", self.journal)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"accuracy .* WORSE")
        other = self.write("other.jsonl", "".join(json.dumps({**line, "problem": line["problem"] + "?"}) + "\n" for line in CORPUS))
        done = self.run_binary("replay", "-c", self.configure("other.yaml", corpus=other, store="other.db"), "--gate", self.journal)
        self.assertEqual(done.returncode, 2)
        self.assertIn("the baseline is of another corpus or panel", done.stderr)

    def test_bad_commands(self):
        done = self.run_binary("baseline", "list", "-c", self.config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such file", done.stderr)
        self.assertEqual(self.run_binary("replay", "-c", self.config).returncode, 0)
        for arguments, code, words in ((("pin",), 1, "a baseline needs 5"),
                                       (("pin", "--cycles", "4"), 2, "expected FIRST-LAST"),
                                       (("pin", "--target", "remote"), 2, "the targets are: local"),
                                       (("pin", "--cycles", "7-11"), 1, "")):
            with self.subTest(arguments):
                done = self.run_binary("baseline", *arguments, "-c", self.config)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
        self.assertIn("no baseline yet", self.baseline("list"))


if __name__ == "__main__":
    unittest.main()
