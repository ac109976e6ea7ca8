"""A target that is asked until it is right, and slices of the corpus: metrics, records and report."""

import collections
import json
import unittest

from judge_server import JudgeServer
from support import EndToEnd, await_true, check_laws, records, scrape

# Query 0 is solved at once, query 1 at the second try, ..., from query 4 on never: a query has four tries.
CORPUS = [{"id": f"q{i}", "problem": f"Question {i}?", "answer": "42", "judge": "numeric",
           "level": "easy" if i < 2 else "hard"} for i in range(6)]


class Tries(EndToEnd):
    def setUp(self):
        super().setUp()
        asked = collections.Counter()

        def reply(prompt):
            asked[prompt] += 1
            solved = asked[prompt] > int(prompt.split()[1][:-1])
            if solved or asked[prompt] == 4:
                asked[prompt] = 0
            return "It is 42." if solved else "It is 41."

        server = JudgeServer(reply)
        self.addCleanup(server.close)
        corpus = self.write("corpus.jsonl", "".join(json.dumps(line) + "\n" for line in CORPUS))
        self.config = self.write("config.yaml", f"""
listen: 127.0.0.1:0
corpus: {{path: {corpus}, slices: [level]}}
targets:
  - name: local
    url: {server.url}
    model: scripted
    attempts_until_success: 4
    request: {{temperature: 0.7}}
    schedule: {{mode: closed, concurrency: 2}}
    ready_timeout: 0s
probes: {{period: 20ms, sources: [{{type: simulated, watts: 100}}]}}
store: {{path: {self.folder}/ipw.db}}
""")

    def test_records_and_report(self):
        done = self.run_binary("replay", "-c", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        by_query = collections.defaultdict(list)
        for record in records(self.folder / "ipw.db"):
            by_query[record["query_id"]].append(record)
        for i in range(6):
            tries = by_query[f"q{i}"]
            self.assertEqual([record["attempt"] for record in tries], list(range(1, min(i, 3) + 2)))
            verdicts = ["wrong"] * i + ["correct"] if i < 4 else ["wrong"] * 4
            self.assertEqual([record["verdict"] for record in tries], verdicts)
            self.assertEqual([record["final"] for record in tries], [False] * (len(tries) - 1) + [True])
            self.assertEqual({record["slices"]["level"] for record in tries}, {"easy" if i < 2 else "hard"})
        done = self.run_binary("report", self.folder / "ipw.db", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        target = json.loads(done.stdout)["targets"][0]
        tries = target["attempts_until_success"]
        self.assertEqual(tries["failures_before_success"], {"0": 1, "1": 1, "2": 1, "3": 1})
        self.assertAlmostEqual(tries["solved_at_once"]["share"], 1 / 6)
        self.assertAlmostEqual(tries["never_solved"]["share"], 1 / 3)
        self.assertEqual({row["value"]: row["accuracy"] for row in target["slices"] if row["field"] == "level"},
                         {"easy": 1, "hard": 0.5})

    def test_metrics(self):
        process, url = self.sidecar(self.config)
        await_true(lambda: scrape(url).sum("ipw_never_solved_total") >= 4, "two cycles")
        sample = scrape(url)
        check_laws(self, sample)
        # The counts follow the books; in whole cycles each number of failures comes as often as the others.
        solved, never = sample.sum("ipw_failures_before_success_count"), sample.sum("ipw_never_solved_total")
        self.assertLessEqual(solved, sample.sum("ipw_verdicts_total", verdict="correct"))
        for failures in range(4):
            at_most = sample.sum("ipw_failures_before_success_bucket", le=f"{failures}.0")
            self.assertAlmostEqual(at_most, (failures + 1) * solved / 4, delta=4)
        self.assertAlmostEqual(never, solved / 2, delta=4)
        levels = {labels["value"] for labels, _ in sample.select("ipw_slice_verdicts_total", slice="level")}
        self.assertEqual(levels, {"easy", "hard"})
        self.assertEqual(sample.sum("ipw_slice_verdicts_total", slice="level"), sample.sum("ipw_verdicts_total"))
        self.assertEqual(sample.sum("ipw_slice_score_total", value="easy"),
                         sample.sum("ipw_slice_verdicts_total", value="easy", verdict="correct"))
        self.assertEqual(process.stop(), 0)

    def test_at_temperature_0_it_is_refused(self):
        self.config.write_text(self.config.read_text().replace("temperature: 0.7", "temperature: 0"))
        done = self.run_binary("check", "-c", self.config)
        self.assertEqual(done.returncode, 2)
        self.assertIn("config.yaml:8:29: a model that is asked again at temperature 0 says the same again", done.stderr)


if __name__ == "__main__":
    unittest.main()
