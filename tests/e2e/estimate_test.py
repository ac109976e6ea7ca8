"""Targets without a meter: joules by tokens, through the real program, to its metrics and its journal."""

import unittest

from support import EndToEnd, await_true, check_laws, records, scrape, small_corpus

CONFIG = """
listen: 127.0.0.1:0
corpus: {{name: sums, path: sums.jsonl}}
targets:
  - {{name: stated, url: "{url}", model: recorded, locality: cloud,
     estimate: {{joules_per_input_token: 0.5, joules_per_output_token: 2, joules_per_query: 10}}}}
  - {{name: published, url: "{url}", model: recorded, locality: cloud, accelerator: NVIDIA H100,
     estimate: {{active_parameters: 8e9}}}}
  - {{name: here, url: "{url}", model: recorded, estimate: {{joules_per_input_token: 0, joules_per_output_token: 3}}}}
  - {{name: unknown, url: "{url}", model: recorded, locality: cloud}}
probes: {{sources: [{{type: estimated}}]}}
store: {{path: ipw.db}}
"""

# By target: joules for a request, an input token, an output token; and their relative standard deviation.
PRICES = {"stated": (10, 0.5, 2, 0.3), "published": (0, 0, 0.3209493043911194, 0.5), "here": (0, 0, 3, 0.3)}


class Estimate(EndToEnd):
    def test_tokens_become_joules_and_what_is_unknown_has_none(self):
        corpus, answers, _ = small_corpus(self.folder)
        _, url, _ = self.demo_server(corpus, answers, ttft=0.01, rate=2000)
        sidecar, address = self.sidecar(self.write("ipw.yaml", CONFIG.format(url=url)))
        sample = await_true(lambda: self.metered(scrape(address)), "metered queries of each target")
        check_laws(self, sample)
        devices = {labels["device"] for labels, _ in sample.select("ipw_scope_energy_joules_total")}
        self.assertEqual(devices, set(PRICES))
        for name in ("ipw_metered_energy_joules_total", "ipw_scope_energy_joules_total", "ipw_query_energy_joules_sum"):
            self.assertEqual({(labels["scope"], labels["quality"]) for labels, _ in sample.select(name)},
                             {("accelerator", "estimated")}, name)
        self.assertFalse(sample.select("ipw_metered_queries_total", target="unknown"))
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        self.check_journal()

    def metered(self, sample):
        return all(sample.sum("ipw_metered_queries_total", target=target) >= 10 for target in PRICES) and sample

    def check_journal(self):
        answered = [record for record in records(self.folder / "ipw.db") if record["outcome"] == "ok"]
        self.assertEqual({record["target"] for record in answered}, {*PRICES, "unknown"})
        for record in answered:
            if record["target"] == "unknown":
                self.assertIsNone(record["energy_gross_j"], record)
                continue
            request, read, write, error = PRICES[record["target"]]
            joules = request + read * record["input_tokens"] + write * record["output_tokens"]
            self.assertAlmostEqual(record["energy_gross_j"], joules, delta=1e-9 * joules)
            self.assertAlmostEqual(record["energy_error_j"], error * joules, delta=1e-9 * joules)


if __name__ == "__main__":
    unittest.main()
