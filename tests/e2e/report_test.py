"""What `report` says of a pass of two targets, worked out again from the records that `export` writes."""

import json
import unittest

from support import SOURCE, EndToEnd, records

DEMO = SOURCE / "replay" / "demo_data"
PRICES = {"large": (1.0, 4.0), "small": (0.1, 0.4)}


class ReportOfAPass(EndToEnd):
    def replay(self):
        corpus, targets = DEMO / "corpus.jsonl", []
        for name, (price_in, price_out) in PRICES.items():
            _, url, _ = self.demo_server(corpus, DEMO / f"demo-{name}.jsonl", f"demo-{name}", ttft=0.03, name=name)
            targets.append(f'  - {{name: {name}, url: "{url}", dialect: openai, model: demo-{name}, '
                           f'pricing: {{input_per_million: {price_in}, output_per_million: {price_out}}}, '
                           f'power: {{accelerator: [{name}-board]}}, schedule: {{mode: closed, concurrency: 8}}}}')
        config = self.write("ipw.yaml", f"""
corpus: {{name: demo, path: "{corpus}"}}
targets:
{chr(10).join(targets)}
probes: {{period: 5ms, sources: [{{type: simulated, name: large-board, watts: 300}}, {{type: simulated, name: small-board, watts: 30}}]}}
store: {{path: ipw.db}}
""")
        done = self.run_binary("replay", "-c", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / "ipw.db"

    def report(self, *arguments):
        done = self.run_binary("report", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_pass_of_two_targets(self):
        journal = self.replay()
        report, rows = self.report(journal), {name: {} for name in PRICES}
        for record in records(journal):
            rows[record["target"]][record["query_id"]] = record
        self.assertEqual([target["target"] for target in report["targets"]], ["large", "small"])
        for target in report["targets"]:
            with self.subTest(target["target"]):
                self.check_target(target, rows[target["target"]])
        self.check_comparison(report["comparison"], rows)
        reference = self.report(journal, "--reference", "small")["comparison"]
        self.assertEqual((reference["reference"], reference["coverage"][0]["target"]), ("small", "large"))
        with_options = self.report(journal, "--corpus", DEMO / "corpus.jsonl")["comparison"]["union"]
        self.assertIsNone(with_options["solved_by_chance"], "most of the demo's queries offer no options")
        text = self.run_binary("report", journal)
        self.assertEqual(text.returncode, 0, text.stderr)
        for heading in ("## Targets", "## Slices", "## Coverage", "## Difficulty", "## Routing"):
            self.assertIn(heading, text.stdout)
        self.assertNotIn("## Attempts until success", text.stdout)

    def check_target(self, target, rows):
        right = sum(row["verdict"] == "correct" for row in rows.values())
        known = json.loads((DEMO / "known_accuracy.json").read_text())
        self.assertEqual((target["queries"], target["judged"]), (len(rows), len(rows)))
        self.assertAlmostEqual(target["accuracy"], right / len(rows))
        self.assertEqual(right, known[f"demo-{target['target']}"]["correct"])
        self.assertLess(target["accuracy_lower"], target["accuracy"])
        self.assertEqual(target["verdicts"]["unparsed"], sum(row["verdict"] == "unparsed" for row in rows.values()))
        metered = [row for row in rows.values() if row["energy_validity"] == "ok"]
        self.assertGreater(len(metered), 100)
        energy, = target["energy"]
        self.assertEqual((energy["scope"], energy["quality"], energy["queries"]), ("accelerator", "simulated", len(metered)))
        joules = sum(row["energy_gross_j"] for row in metered)
        self.assertAlmostEqual(energy["joules_per_query"], joules / len(metered), places=6)
        self.assertAlmostEqual(energy["intelligence_per_joule"], sum(row["score"] for row in metered) / joules, places=6)
        for row in target["slices"]:
            of = [r for r in rows.values() if r[row["field"]] == row["value"]]
            self.assertEqual(row["judged"], len(of), row)
            self.assertAlmostEqual(row["accuracy"], sum(r["score"] for r in of) / len(of))
        self.assertEqual(len(target["slices"]), sum(len({r[field] for r in rows.values()}) for field in ("subject", "language")))

    def check_comparison(self, comparison, rows):
        small, large = rows["small"], rows["large"]
        self.assertEqual((comparison["reference"], comparison["order"]), ("large", ["small", "large"]))
        good = sum(small[query]["score"] >= large[query]["score"] for query in large)
        self.assertEqual(comparison["coverage"][0]["queries"], len(large))
        self.assertAlmostEqual(comparison["coverage"][0]["share"], good / len(large))
        first = [next((name for name in ("small", "large") if rows[name][query]["verdict"] == "correct"), None) for query in large]
        self.assertEqual([level["queries"] for level in comparison["difficulty"]],
                         [first.count("small"), first.count("large"), first.count(None)])
        oracle = comparison["routing"][0]
        for unit, field in (("joules", "energy_gross_j"), ("dollars", "cost_usd")):
            known = [i for i, query in enumerate(large) if unit == "dollars" or
                     all(rows[name][query]["energy_validity"] == "ok" for name in rows)]
            queries = list(large)
            routed = sum(rows[first[i] or "large"][queries[i]][field] for i in known)
            alone = sum(large[queries[i]][field] for i in known)
            self.assertEqual(oracle[unit]["queries"], len(known))
            self.assertAlmostEqual(oracle[unit]["saved_ratio"], 1 - routed / alone, places=6)
            self.assertGreater(oracle[unit]["saved_ratio"], 0.1)
            router = comparison["routing"][1]
            self.assertEqual((router["right"], router["misroute"]), (0.8, "reference"))
            self.assertAlmostEqual(router[unit]["saved_ratio"], 0.8 * oracle[unit]["saved_ratio"], places=6)

    def test_bad_input(self):
        text = self.write("text.db", "this is no journal, though it is some text of some length\n")
        cases = {
            "no journal is given": ((), 2, "journal"),
            "no such file": (("missing.db",), 1, "missing.db"),
            "not a journal": ((text,), 2, "text.db"),
            "unknown format": ((text, "--format", "pdf"), 2, "markdown"),
        }
        for name, (arguments, code, words) in cases.items():
            with self.subTest(name):
                done = self.run_binary("report", *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
