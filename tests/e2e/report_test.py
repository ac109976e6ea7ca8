"""What `report` says of a pass of two targets, worked out again from the records that `export` writes."""

import json
import math
import sqlite3
import statistics
import unittest

from report_page_test import harness_records
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
                self.check_fits(target, rows[target["target"]])
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

    def check_fits(self, target, rows):
        """Each line again, by the textbook, from what `export` writes."""
        seen, fits = set(), {(fit["y"], fit["x"]): fit for fit in target["fits"]}
        for (y, x), (of_y, of_x) in {
            ("energy", "total_tokens"): (lambda r: r["energy_gross_j"] if r["energy_validity"] == "ok" else None,
                                         lambda r: r["input_tokens"] + r["output_tokens"]),
            ("latency", "output_tokens"): (lambda r: r["duration_s"], lambda r: r["output_tokens"]),
            ("time_to_first_token", "input_tokens"): (lambda r: r["time_to_first_token_s"], lambda r: r["input_tokens"]),
            ("power", "log_total_tokens"): (lambda r: r["power_mean_w"] if r["energy_validity"] == "ok" else None,
                                            lambda r: math.log(r["input_tokens"] + r["output_tokens"])),
        }.items():
            pairs = [(of_x(row), of_y(row)) for row in rows.values() if row["outcome"] in ("ok", "length") and of_y(row)]
            slope, intercept = statistics.linear_regression(*zip(*pairs))
            fit = fits[y, x]
            self.assertEqual(fit["n"], len(pairs), (y, x))
            self.assertAlmostEqual(fit["slope"], slope, delta=1e-6 * abs(slope) + 1e-9, msg=(y, x))
            self.assertAlmostEqual(fit["intercept"], intercept, delta=1e-6 * abs(intercept) + 1e-6, msg=(y, x))
            seen.add(fit["published_name"])
        self.assertEqual(seen, {"total_tokens_vs_energy", None, "input_tokens_vs_ttft", "total_tokens_vs_power_log"})
        published = target["published_formulas"]
        scored = [row for row in rows.values() if row["verdict"] in ("correct", "wrong")]
        self.assertAlmostEqual(published["accuracy"], sum(row["verdict"] == "correct" for row in scored) / len(scored))
        self.assertEqual(published["unscored"], len(rows) - len(scored))
        reasons = sum(row["queries"] for row in target["failures"]["reasons"])
        odd = sum(row["outcome"] != "ok" or row["verdict"] in ("unparsed", "unanswered", "judge_error") for row in rows.values())
        self.assertEqual((reasons, target["failures"]["queries"]), (odd, odd))

    def test_two_journals_and_imported_records(self):
        first = self.replay()
        second = self.folder / "again" / "ipw.db"
        second.parent.mkdir()
        second.write_bytes(first.read_bytes())
        with sqlite3.connect(second) as database:  # a tenth more joules
            database.execute("UPDATE energy SET gross_j = gross_j * 1.1")
        database.close()
        old = harness_records(self.folder / "old.jsonl", "qwen3-8b", 300)
        report = self.report(first, second, "--import-ipw", old, "--reference", f"large@{first}")
        names = [target["target"] for target in report["targets"]]
        self.assertEqual(sorted(names), sorted([f"{name}@{path}" for name in PRICES for path in (first, second)] + [f"qwen3-8b@{old}"]))
        imported, = (target for target in report["targets"] if target["imported"])
        self.check_imported(imported, old)
        paired = {row["target"]: row for row in report["comparison"]["paired"]}
        moved = paired[f"large@{second}"]
        self.assertEqual((moved["gained"], moved["lost"]), (0, 0))
        self.assertAlmostEqual(moved["energy_ratio"]["value"], 1.1, places=6)
        self.assertAlmostEqual(moved["energy_ratio"]["lower"], 1.1, places=3)
        self.assertEqual(moved["accuracy_difference"]["value"], 0)
        self.assertLess(moved["accuracy_difference"]["lower"], 0)
        self.assertEqual(len(moved["dearer"]), 20)
        self.assertEqual(moved["cheaper"], [])
        text = self.run_binary("report", first, second, "--import-ipw", old, "--html", self.folder / "page.html")
        self.assertEqual(text.returncode, 0, text.stderr)
        page = (self.folder / "page.html").read_text()
        for heading in ("What moved", "Formulas", "Fitted lines", "Distributions", "Windows", "Method"):
            self.assertIn(f"## {heading}", text.stdout)
            self.assertIn(f"<h2>{heading}</h2>", page)
        self.assertIn("simulated, not measured", text.stdout)
        self.assertIn("is imported", text.stdout)
        self.assertNotRegex(page, r'(src|href)=["\']?https?:')
        alone = self.run_binary("report", "--import-ipw", old, "--format", "html")
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertTrue(alone.stdout.startswith("<!DOCTYPE html>"))

    def check_imported(self, target, path):
        rows = [next(iter(json.loads(line)["model_metrics"].values())) for line in path.read_text().splitlines()]
        joules = [row["energy_metrics"]["per_query_joules"] for row in rows]
        scored = [row for row in rows if row["evaluation"]["is_correct"] is not None]
        right = sum(row["evaluation"]["is_correct"] for row in scored)
        energy, = target["energy"]
        self.assertAlmostEqual(energy["intelligence_per_joule"], right / sum(joules), places=9, msg="ours: all queries above and below")
        published = target["published_formulas"]
        accuracy = right / len(scored)
        mean = sum(row["energy_metrics"]["per_query_joules"] for row in scored) / len(scored)
        self.assertAlmostEqual(published["analyze_intelligence_per_joule"], accuracy / mean, places=9)
        self.assertAlmostEqual(published["run_intelligence_per_joule"], accuracy / sum(joules), places=9)
        self.assertAlmostEqual(published["analyze_intelligence_per_watt"], accuracy / 300, places=9)
        fit = next(fit for fit in target["fits"] if fit["published_name"] == "input_tokens_vs_ttft")
        self.assertAlmostEqual(fit["slope"], 0.0004, places=9)
        self.assertAlmostEqual(fit["r2"], 1, places=6)

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
            "not the harness's": (("--import-ipw", text), 2, f"{text}:1: expected a JSON object"),
            "no such record file": (("--import-ipw", "missing.jsonl"), 1, "missing.jsonl"),
            "no URL": ((text, "--sidecar", "javascript:alert(1)"), 2, "http://"),
        }
        for name, (arguments, code, words) in cases.items():
            with self.subTest(name):
                done = self.run_binary("report", *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
