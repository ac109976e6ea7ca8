"""Real models' recorded answers, replayed over HTTP: every verdict against the one that was published with it."""

import json
import unittest

from support import SHARED, EndToEnd, records

# Published accuracy, and the least share of single verdicts that must be the same. The publishers took the last capital
# letter, else a random one, from texts that state no answer: what was right by such luck is `unparsed` here, and is added
# back before accuracies are compared.
MODELS = {"llama-3.1-8b-instruct": (44.19, 0.990), "llama-3.1-70b-instruct": (62.82, 0.997)}


@unittest.skipUnless((SHARED / "recordings").exists(), "no recordings beside the project")
class RecordedModels(EndToEnd):
    def replay(self, corpus, answers):
        _, url, _ = self.demo_server(corpus, answers)
        config = self.write("ipw.yaml", f"""
corpus: {{path: "{corpus}"}}
targets: [{{name: local, url: "{url}", dialect: openai, model: recorded, request: {{max_tokens: 8192}}, schedule: {{mode: closed, concurrency: 16}}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: ipw.db, keep_answers: false}}
""")
        done = self.run_binary("replay", "-c", config, seconds=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {r["query_id"]: r["verdict"] for r in records(self.folder / "ipw.db") if r["final"]}

    def published(self, answers):
        with open(answers) as lines:
            return {row["id"]: row["correct"] for row in map(json.loads, lines)}

    def offline(self, corpus, answers):
        done = self.run_binary("judge", "--corpus", corpus, "--answers", answers, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {row["id"]: row["verdict"] for row in map(json.loads, done.stdout.splitlines())}

    def agreement(self, corpus, answers):
        verdicts, published = self.replay(corpus, answers), self.published(answers)
        self.assertEqual(verdicts, self.offline(corpus, answers), "judged offline, the verdicts differ")
        self.assertEqual(verdicts.keys(), published.keys())
        same = sum((verdicts[i] == "correct") == published[i] for i in published)
        accuracy = sum(v == "correct" for v in verdicts.values()) / len(verdicts)
        luck = sum(published[i] and verdicts[i] == "unparsed" for i in published) / len(verdicts)
        return same / len(published), 100 * accuracy, 100 * luck

    def test_mmlu_pro(self):
        for model, (accuracy, least) in MODELS.items():
            with self.subTest(model):
                (self.folder / "ipw.db").unlink(missing_ok=True)
                same, found, luck = self.agreement(SHARED / "corpora/mmlu-pro.jsonl",
                                                   SHARED / f"recordings/mmlu-pro/{model}.jsonl")
                print(f"{model}: accuracy {found:.2f} % (published {accuracy} %, of which luck {luck:.2f}), {100 * same:.2f} % of verdicts equal")
                self.assertAlmostEqual(found + luck, accuracy, delta=0.1)
                self.assertGreaterEqual(same, least)

    def test_gsm8k(self):
        for answers in sorted((SHARED / "recordings/gsm8k").glob("*.jsonl")):
            with self.subTest(answers.stem):
                (self.folder / "ipw.db").unlink(missing_ok=True)
                same, found, _ = self.agreement(SHARED / "corpora/gsm8k-test.jsonl", answers)
                print(f"{answers.stem}: accuracy {found:.2f} %, {100 * same:.2f} % of verdicts equal")
                self.assertEqual(same, 1)


if __name__ == "__main__":
    unittest.main()
