"""Joules per query against known truth, through the real binary, the real sampler and real time."""

import math
import unittest
from datetime import datetime

from support import EndToEnd, FakeRapl, await_true, check_laws, records, scrape, small_corpus


def unix(stamp):
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def config(url, sources, concurrency, root="/"):
    return f"""
listen: 127.0.0.1:0
corpus: {{path: sums.jsonl}}
targets:
  - name: local
    url: {url}
    dialect: openai
    model: recorded
    schedule: {{mode: closed, concurrency: {concurrency}}}
probes: {{period: 50ms, root: "{root}", sources: [{sources}]}}
store: {{path: ipw.db}}
"""


class EnergyTruth(EndToEnd):
    def server(self, queries, **pace):
        corpus, answers, _ = small_corpus(self.folder, queries=queries, words=240)
        return self.demo_server(corpus, answers, **pace)

    def check_each(self, found, truth, least_seconds=0.5):
        self.assertGreater(len(found), 8)
        for record in found:
            self.assertGreaterEqual(record["duration_s"], least_seconds)
            self.assertEqual(record["energy_validity"], "ok")
            expected = truth(record)
            self.assertAlmostEqual(record["energy_gross_j"] / expected, 1, delta=0.01, msg=record)

    def test_sequential_queries_on_a_fake_powercap_tree(self):
        _, url, _ = self.server(12, ttft=0.1, rate=600)
        # 120 W with a slow swell of 60 W: joules so far are its integral.
        meter = FakeRapl(self.folder / "root", lambda t: 120 * t + 60 * (1 - math.cos(2 * math.pi * t / 4)) * 4 / (2 * math.pi))
        self.addCleanup(meter.stop)
        path = self.write("ipw.yaml", config(url, "{type: rapl}", 1, self.folder / "root"))
        done = self.run_binary("replay", "-c", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_each(records(self.folder / "ipw.db"),
                        lambda r: meter.joules(unix(r["sent_at"]) + r["duration_s"]) - meter.joules(unix(r["sent_at"])))

    def test_sequential_queries_with_a_wrapping_counter(self):
        _, url, _ = self.server(12, ttft=0.1, rate=600)
        # The counter wraps every 2 s at 300 W.
        meter = FakeRapl(self.folder / "root", lambda t: 300 * t, range_uj=600_000_000, start_uj=599_000_000)
        self.addCleanup(meter.stop)
        path = self.write("ipw.yaml", config(url, "{type: rapl}", 1, self.folder / "root"))
        done = self.run_binary("replay", "-c", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_each(records(self.folder / "ipw.db"), lambda r: 300 * r["duration_s"])

    def test_sequential_queries_whose_load_is_the_servers(self):
        _, url, load = self.server(12, ttft=0.1, rate=600)
        path = self.write("ipw.yaml", config(
            url, f'{{type: simulated, idle_watts: 40, watts_per_query: 260, load_url: "{load}"}}', 1))
        done = self.run_binary("replay", "-c", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_each(records(self.folder / "ipw.db"), lambda r: 300 * r["duration_s"])

    def test_books_balance_with_sixteen_at_once(self):
        _, url, load = self.server(40, ttft=0.05, rate=800)
        path = self.write("ipw.yaml", config(
            url, f'{{type: simulated, idle_watts: 40, watts_per_query: 20, load_url: "{load}"}}', 16))
        sidecar, address = self.sidecar(path)
        await_true(lambda: scrape(address).sum("ipw_metered_queries_total") > 100, "100 queries")
        for _ in range(50):
            check_laws(self, scrape(address))
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())


if __name__ == "__main__":
    unittest.main()
