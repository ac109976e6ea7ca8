"""Corpus to scrape: the daemon beside a real server, read by a real Prometheus, against its own journal."""

import signal
import unittest

from support import EndToEnd, await_true, check_laws, get, get_json, query, questions, records, scrape, small_corpus


class WholePath(EndToEnd):
    def configure(self, url, load, **more):
        options = {"concurrency": 4, "extra": ""} | more
        return self.write("ipw.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: sums, path: sums.jsonl}}
targets:
  - name: local
    url: {url}
    dialect: openai
    model: recorded
    idle_watts: 50
    schedule: {{mode: closed, concurrency: {options['concurrency']}}}
probes:
  sources: [{{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}]
store: {{path: ipw.db}}
{options['extra']}
""")

    def test_prometheus_answers_the_questions_and_the_journal_agrees(self):
        corpus, answers, _ = small_corpus(self.folder)
        _, url, load = self.demo_server(corpus, answers, ttft=0.02, rate=400)
        sidecar, address = self.sidecar(self.configure(url, load))
        prometheus = self.prometheus(address.removeprefix("http://"))

        await_true(lambda: query(prometheus, "sum(ipw_metered_queries_total) > 100"), "100 metered queries", 60)
        for question, expression in questions("target,model,accelerator,corpus,scope,quality").items():
            found = await_true(lambda: query(prometheus, expression), question, 30)
            for labels, value in found:
                self.assertGreater(value, 0, (question, labels))
        accuracy = dict((labels["subject"], value) for labels, value in query(prometheus, questions("target")["accuracy"]))
        self.assertEqual(set(accuracy), {"sums", "doubles"})

        for _ in range(20):
            check_laws(self, scrape(address))
        self.assertEqual(query(prometheus, "sum(up)"), [({}, 1.0)])
        self.compare_with_journal(address)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def compare_with_journal(self, address):
        """The scraped ratio equals the journal's: read between two scrapes that are alike, so that both are of one instant."""

        def steady():
            before = scrape(address)
            journal = [r for r in records(self.folder / "ipw.db") if r["final"] and r["energy_validity"] == "ok"]
            counted = before.sum("ipw_metered_queries_total", scope="accelerator")
            return counted == len(journal) and (before, journal)

        before, journal = await_true(steady, "a scrape and the journal of one instant", 60)
        energy = sum(r["energy_gross_j"] for r in journal)
        score = sum(r["score"] for r in journal)
        self.assertAlmostEqual(before.sum("ipw_metered_energy_joules_total"), energy, delta=1e-6 * energy)
        self.assertAlmostEqual(before.sum("ipw_metered_score_total") / before.sum("ipw_metered_energy_joules_total"),
                               score / energy, delta=1e-9)

    def test_pages_answer(self):
        corpus, answers, _ = small_corpus(self.folder)
        _, url, load = self.demo_server(corpus, answers, ttft=0.02, rate=400)
        sidecar, address = self.sidecar(self.configure(url, load))
        self.assertEqual(get(f"{address}/-/healthy")[0], 200)
        await_true(lambda: get(f"{address}/-/ready")[0] == 200, "ready")
        first = await_true(lambda: get_json(f"{address}/api/v1/queries?limit=1")["queries"], "a stored query")[0]
        self.assertEqual(get(f"{address}/")[0], 200)
        whole = get_json(f"{address}/api/v1/queries/{first['id']}")
        self.assertEqual(whole["query_id"], first["query_id"])
        self.assertIn("power_samples", whole)
        for path in ("status", "targets", "power?seconds=10"):
            get_json(f"{address}/api/v1/{path}")
        status, text = get(f"{address}/api/v1/config")
        self.assertEqual(status, 200)
        self.assertIn("dialect: openai", text)
        self.assertEqual(get(f"{address}/nothing-here")[0], 404)

    def test_restart_goes_on_with_the_cycle_and_counts_nothing_twice(self):
        corpus, answers, _ = small_corpus(self.folder, queries=60)
        _, url, load = self.demo_server(corpus, answers, ttft=0.05, rate=400)
        config = self.configure(url, load)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            sidecar, address = self.sidecar(config)
            await_true(lambda: scrape(address).sum("ipw_metered_queries_total") > 15, "15 queries")
            code = sidecar.stop(number)
            self.assertEqual(code, 0 if number == signal.SIGTERM else -number, sidecar.errors())
        final = [(r["cycle"], r["query_id"]) for r in records(self.folder / "ipw.db") if r["final"] and r["outcome"] != "cancelled"]
        self.assertEqual(len(final), len(set(final)))
        self.assertGreater(len(final), 45)


if __name__ == "__main__":
    unittest.main()
