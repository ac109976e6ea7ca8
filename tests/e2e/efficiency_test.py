"""The windows' gauges, the recording rules in a real Prometheus and the journal say the same of the same queries."""

import re
import unittest

from support import SOURCE, EndToEnd, await_true, free_port, get_json, query, records, scrape, small_corpus

QUERIES = 60
GAUGES = ("ipw_accuracy_ratio", "ipw_intelligence_per_joule", "ipw_intelligence_per_watt", "ipw_joules_per_query")


def window_gauges(sample, windows):
    """Every gauge of these windows, bounds too, by its name and labels."""
    return {(name + end, tuple(sorted(labels.items()))): value for name in GAUGES for end in ("", "_lower", "_upper")
            for window in windows for labels, value in sample.select(name + end, window=window)}


class Efficiency(EndToEnd):
    def configure(self, port, url, load):
        return self.write("ipw.yaml", f"""
listen: 127.0.0.1:{port}
corpus: {{name: sums, path: sums.jsonl}}
targets:
  - name: local
    url: {url}
    dialect: openai
    model: recorded
    schedule: {{mode: closed, concurrency: 8}}
    budget: {{queries: {QUERIES}}}
probes:
  sources: [{{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}]
carbon: {{grams_per_kwh: 400}}
electricity: {{price_per_kwh: 0.25, currency: EUR}}
store: {{path: ipw.db}}
""")

    def rules(self):
        """The rules, evaluated every second."""
        text = (SOURCE / "dashboards/rules/efficiency.yml").read_text()
        return self.write("efficiency.yml", re.sub(r"interval: \w+", "interval: 1s", text))

    def settled(self, address):
        """The scrape after the budget's last query, which the windows have seen too."""
        def done():
            sample = scrape(address)
            seen = sample.sum("ipw_window_metered_queries", window="1h")
            return sample.sum("ipw_metered_queries_total") == QUERIES == seen and sample

        return await_true(done, f"{QUERIES} metered queries", 90)

    def journal(self):
        final = [record for record in records(self.folder / "ipw.db") if record["final"]]
        self.assertEqual(len(final), QUERIES)
        self.assertEqual({record["energy_validity"] for record in final}, {"ok"})
        score, joules = (sum(record[field] for record in final) for field in ("score", "energy_gross_j"))
        watts = sum(record["power_mean_w"] for record in final)
        return {"accuracy": score / QUERIES, "joules_per_query": joules / QUERIES, "intelligence_per_joule": score / joules,
                "intelligence_per_watt_by_query": score / watts}, joules

    def test_gauges_rules_and_journal_agree_and_outlive_a_restart(self):
        corpus, answers, _ = small_corpus(self.folder, queries=QUERIES)
        # No query ends before the first scrapes: each counter is scraped at 0, and rate() leaves nothing out.
        _, url, load = self.demo_server(corpus, answers, ttft=3, rate=400)
        port = free_port()
        config = self.configure(port, url, load)
        prometheus = self.prometheus(f"127.0.0.1:{port}", rules=self.rules())
        await_true(lambda: query(prometheus, "up"), "scrapes", 30)
        sidecar, address = self.sidecar(config)
        await_true(lambda: query(prometheus, "count(ipw_metered_queries_total == 0)"), "a scrape of counters at 0", 8)
        sample = self.settled(address)
        truth, joules = self.journal()

        self.compare_gauges(sample, truth)
        self.compare_rules(prometheus, sample, truth)
        self.assertAlmostEqual(sample.sum("ipw_query_carbon_grams_total"), joules / 3.6e6 * 400, delta=1e-9 * joules)
        self.assertAlmostEqual(sample.sum("ipw_query_electricity_cost_total", currency="EUR"), joules / 3.6e6 * 0.25,
                               delta=1e-9 * joules)
        self.assertEqual(sample.sum("ipw_query_unrated_energy_joules_total"), 0)
        self.compare_report(truth)

        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        _, address = self.sidecar(config, name="restarted")
        self.compare_restart(window_gauges(sample, ("1h", "24h", "7d", "cycle")), address)

    def compare_gauges(self, sample, truth):
        """To rounding: the same joules and scores are added up, in another order."""
        for window in ("1h", "24h", "7d", "cycle"):
            for name, gauge, more in (("accuracy", "ipw_accuracy_ratio", {}),
                                      ("joules_per_query", "ipw_joules_per_query", {}),
                                      ("intelligence_per_joule", "ipw_intelligence_per_joule", {}),
                                      ("intelligence_per_watt_by_query", "ipw_intelligence_per_watt", {"weighting": "query"})):
                (_, value), = sample.select(gauge, window=window, **more)
                self.assertAlmostEqual(value / truth[name], 1, delta=1e-9, msg=f"{gauge} {window}")
                (_, lower), = sample.select(f"{gauge}_lower", window=window, **more)
                (_, upper), = sample.select(f"{gauge}_upper", window=window, **more)
                self.assertTrue(lower < value < upper, f"{gauge} {window}")

    def compare_rules(self, prometheus, sample, truth):
        """To rounding: rate() stretches what it saw to the window's ends, all counters alike, so that ratios keep."""
        (_, by_time), = sample.select("ipw_intelligence_per_watt", window="1h", weighting="time")
        for window in ("1h", "24h", "7d"):
            for name, expected in {**truth, "intelligence_per_watt_by_time": by_time}.items():
                for rule in (f"ipw:{name}:rate{window}", f"ipw:fleet_{name}:rate{window}"):
                    last = [None]

                    def agrees(rule=rule, expected=expected, last=last):
                        last[0] = query(prometheus, rule)
                        return len(last[0]) == 1 and abs(last[0][0][1] / expected - 1) < 1e-9

                    try:
                        await_true(agrees, rule, 10)
                    except AssertionError:
                        self.fail(f"{rule}: {last[0]}, expected {expected}")

    def compare_report(self, truth):
        done = self.run_binary("report", self.folder / "ipw.db", "--carbon-intensity", 400)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("grams of CO2e per query", done.stdout)
        self.assertIn("### local, the newest cycle", done.stdout)
        self.assertRegex(done.stdout, r"\| all +\| all +\| 60 +\| 80\.0 % \(")

    def compare_restart(self, before, address):
        self.assertTrue(before)
        after = window_gauges(scrape(address), ("1h", "24h", "7d", "cycle"))
        self.assertEqual(after.keys(), before.keys())
        for key, value in before.items():
            self.assertAlmostEqual(after[key] / value, 1, delta=1e-9, msg=key)
        windows = {window["window"]: window for window in get_json(f"{address}/api/v1/status")["targets"][0]["windows"]}
        slices = {row["subject"]: row for row in windows["cycle"]["slices"]}
        self.assertEqual(set(slices), {"sums", "doubles"})
        self.assertEqual(slices["sums"]["queries"], QUERIES // 2)
        self.assertIsNotNone(slices["sums"]["accuracy"])


if __name__ == "__main__":
    unittest.main()
