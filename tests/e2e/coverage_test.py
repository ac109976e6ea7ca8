"""Coverage as `run` shows it while it goes on, against what `report` says of the same journal."""

import json
import unittest

from support import SOURCE, EndToEnd, await_true, scrape

DEMO = SOURCE / "replay" / "demo_data"
CYCLES = 2


class LiveCoverage(EndToEnd):
    def config(self, reference):
        corpus, targets = DEMO / "corpus.jsonl", []
        for name in ("large", "small"):
            _, url, _ = self.demo_server(corpus, DEMO / f"demo-{name}.jsonl", f"demo-{name}", name=name)
            targets.append(f'  - {{name: {name}, url: "{url}", model: demo-{name}, schedule: {{mode: closed, concurrency: 4}}}}')
        return self.write("ipw.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: demo, path: "{corpus}"}}
targets:
{chr(10).join(targets)}
{f"coverage: {{reference: {reference}}}" if reference else ""}
probes: {{sources: [{{type: simulated, watts: 30}}]}}
store: {{path: ipw.db}}
""")

    def test_the_metric_is_what_report_says(self):
        queries = len((DEMO / "corpus.jsonl").read_text().splitlines())
        process, url = self.sidecar(self.config("large"))

        def judged():
            sample = scrape(url)
            done = min(sample.sum("ipw_verdicts_total", target=name) for name in ("large", "small"))
            return sample if done > CYCLES * queries else None
        sample = await_true(judged, f"{CYCLES} cycles", 120)
        self.assertEqual(process.stop(), 0, process.errors())
        done = self.run_binary("report", self.folder / "ipw.db", "--reference", "large", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        comparison = json.loads(done.stdout)["comparison"]
        coverage, = comparison["coverage"]

        self.assertEqual(sample.sum("ipw_coverage_compared_queries"), queries, "each query once, however often it was asked")
        self.assertFalse(sample.select("ipw_coverage_ratio", target="large"))
        for family, labels in (("ipw_coverage", {"target": "small", "model": "demo-small"}), ("ipw_union_coverage", {"corpus": "demo"})):
            shown = {}
            for found, ratio in sample.select(f"{family}_ratio", reference="large", **labels):
                (_, compared), = sample.select(f"{family}_compared_queries", **found)
                shown[found["subject"]] = (compared, ratio)
            self.assertEqual(set(shown), set(coverage["subjects"]))
            for subject, (compared, ratio) in shown.items():
                said = coverage["subjects"][subject]
                self.assertEqual(compared, said["queries"], subject)
                self.assertAlmostEqual(ratio, said["share"], places=9, msg=subject)
            total = sum(compared * ratio for compared, ratio in shown.values()) / queries
            self.assertAlmostEqual(total, coverage["share"], places=9)
            self.assertAlmostEqual(total, comparison["union"]["as_good"]["share"], places=9)
        self.assertTrue(0 < coverage["share"] < 1, "the demo's models differ")

    def test_without_a_reference_there_is_none(self):
        process, url = self.sidecar(self.config(None))
        sample = await_true(lambda: (found := scrape(url)).sum("ipw_verdicts_total", target="small") > 10 and found, "verdicts")
        self.assertFalse([name for name, _, _ in sample.samples if "coverage" in name])
        self.assertEqual(process.stop(), 0, process.errors())


if __name__ == "__main__":
    unittest.main()
