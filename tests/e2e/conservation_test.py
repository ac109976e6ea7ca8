"""The books of a crowded run: 64 queries at once at three targets on two accelerators, with failures and retries."""

import unittest

from support import EndToEnd, await_true, check_laws, scrape, small_corpus

WATTS = {"left": 400, "right": 250}
CROWD = {"a": 24, "b": 24, "c": 16}  # a and b share the left accelerator


class Conservation(EndToEnd):
    def setUp(self):
        super().setUp()
        corpus, answers, _ = small_corpus(self.folder, 100, words=60)
        targets = ""
        for name, concurrency in CROWD.items():
            _, url, _ = self.demo_server(corpus, answers, ttft=0.02, rate=1500, name=f"server-{name}",
                                         misbehave=("http_500@0.03", "cut:5@0.02", "length@0.05"))
            targets += f"""
  - name: {name}
    url: {url}
    model: recorded
    power: {{accelerator: [{"right" if name == "c" else "left"}]}}
    retry: {{attempts: 3}}
    warmup: 3
    schedule: {{mode: closed, concurrency: {concurrency}}}"""
        self.config = self.write("config.yaml", f"""
listen: 127.0.0.1:0
corpus: {{path: {corpus}}}
targets:{targets}
probes:
  period: 10ms
  sources:
    - {{type: simulated, name: left, device: Left, watts: {WATTS["left"]}}}
    - {{type: simulated, name: right, device: Right, watts: {WATTS["right"]}}}
store: {{path: {self.folder}/ipw.db}}
""")

    def test_every_joule_is_booked_once(self):
        process, url = self.sidecar(self.config)
        sample = await_true(lambda: (lambda s: s.sum("ipw_queries_total") > 1500 and s)(scrape(url)), "1500 queries", 120)
        self.assertGreater(sample.sum("ipw_attempts_total", outcome="http_5xx"), 20)
        self.assertGreater(sample.sum("ipw_attempts_total", outcome="stream_cut"), 10)
        self.assertGreater(sample.sum("ipw_query_concurrency_sum") / sample.sum("ipw_query_concurrency_count"), 12)
        check_laws(self, sample)
        books = sample.select("ipw_scope_energy_joules_total")
        self.assertEqual(len(books), len(WATTS))
        for labels, metered in books:
            source = sample.sum("ipw_source_energy_joules_total", device=labels["device"])
            power = sample.sum("ipw_source_power_watts", device=labels["device"])
            lag = sample.sum("ipw_books_lag_seconds", device=labels["device"])
            # Queries that reach beyond the watermark are in none of the shares yet.
            self.assertLessEqual(metered, source * (1 + 1e-9))
            self.assertGreater(metered, source - power * (lag + 3), labels)
        self.assertEqual(process.stop(), 0)


if __name__ == "__main__":
    unittest.main()
