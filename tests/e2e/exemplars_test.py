"""From a bucket of a histogram to the query behind it: exemplars in a real Prometheus, opened in the sidecar."""

import json
import time
import unittest
import urllib.parse
import urllib.request

from support import EndToEnd, await_true, get, get_json, query, records, small_corpus

try:
    from prometheus_client.openmetrics import parser
except ImportError:
    parser = None

OPEN = "application/openmetrics-text; version=1.0.0"


def fetch(url, accept):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


class Exemplars(EndToEnd):
    def start_sidecar(self):
        corpus, answers, _ = small_corpus(self.folder)
        _, url, load = self.demo_server(corpus, answers, ttft=0.02, rate=400)
        config = self.write("ipw.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: sums, path: sums.jsonl}}
targets:
  - {{name: local, url: "{url}", model: recorded, schedule: {{mode: closed, concurrency: 2}}}}
probes: {{sources: [{{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}]}}
store: {{path: ipw.db}}
""")
        return self.sidecar(config)[1]

    @unittest.skipUnless(parser, "no prometheus_client for Python: run deploy/setup tests")
    def test_the_formats_own_parser_accepts_it(self):
        address = self.start_sidecar()

        def marked():
            text = fetch(f"{address}/metrics", OPEN)[1]
            samples = [sample for family in parser.text_string_to_metric_families(text) for sample in family.samples]
            return {sample.name for sample in samples if sample.exemplar}

        families = ("duration_seconds", "scheduled_duration_seconds", "energy_joules", "power_watts", "concurrency")
        expected = {f"ipw_query_{family}_bucket" for family in families} | {
            f"ipw_{family}_seconds_bucket" for family in ("time_to_first_token", "time_to_answer", "inter_token_latency",
                                                          "time_per_output_token", "client_lag")}
        await_true(lambda: marked() >= expected, "exemplars in every histogram", 20)

    def exemplars(self, prometheus, name):
        now = time.time()
        asked = urllib.parse.urlencode({"query": name, "start": now - 3600, "end": now + 60})
        found = get_json(f"{prometheus}/api/v1/query_exemplars?{asked}")["data"]
        return [exemplar for series in found for exemplar in series["exemplars"]]

    def test_a_bucket_leads_to_its_query(self):
        address = self.start_sidecar()
        kind, text = fetch(f"{address}/metrics", OPEN)
        self.assertTrue(kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
        self.assertTrue(text.endswith("# EOF\n"))
        kind, text = fetch(f"{address}/metrics", "text/plain")
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        self.assertNotIn("# EOF", text)

        prometheus = self.prometheus(address.removeprefix("http://"), features=["exemplar-storage"])
        self.assertEqual(await_true(lambda: query(prometheus, 'up{job="ipw"}'), "a scrape")[0][1], 1)
        for name, field in (("ipw_query_energy_joules_bucket", "energy_gross_j"),
                            ("ipw_time_to_first_token_seconds_bucket", "time_to_first_token_s"),
                            ("ipw_query_duration_seconds_bucket", "duration_s")):
            found = await_true(lambda: self.exemplars(prometheus, name), f"exemplars of {name}", 30)
            for exemplar in found:
                record = await_true(lambda: self.opened(address, exemplar["labels"]["id"]), "the query's record", 10)
                self.assertAlmostEqual(record[field], float(exemplar["value"]), delta=1e-9 + 1e-6 * record[field])
        (_, up), = query(prometheus, "min_over_time(up[1m])")
        self.assertEqual(up, 1, "no scrape was refused")
        self.assertTrue(records(self.folder / "ipw.db"))

    def opened(self, address, attempt):
        status, body = get(f"{address}/api/v1/queries/{urllib.parse.quote(attempt, safe='')}")
        return json.loads(body) if status == 200 else None


if __name__ == "__main__":
    unittest.main()
