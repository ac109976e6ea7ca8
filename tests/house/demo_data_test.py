"""The built-in demo: its questions can be judged, and the recorded answers score what is known of them."""

import collections
import json
import os
import re
import subprocess
import unittest

from house import SOURCE

DATA = SOURCE / "replay" / "demo_data"
MODELS = ("demo-large", "demo-small")
LIMITS = {"corpus.jsonl": 120_000, "demo-large.jsonl": 250_000, "demo-small.jsonl": 150_000}
FIELDS = {"id", "problem", "answer", "subject", "language", "judge"}
SLICES = 64  # as many pairs of subject and language as the metrics tell apart


def lines(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def known():
    return json.loads((DATA / "known_accuracy.json").read_text(encoding="utf-8"))


def repeated(values):
    return [value for value, count in collections.Counter(values).items() if count > 1]


class Corpus(unittest.TestCase):
    def setUp(self):
        self.items = lines("corpus.jsonl")

    def test_it_is_as_broad_as_promised(self):
        self.assertGreaterEqual(len(self.items), 200)
        self.assertGreaterEqual(len({item["subject"] for item in self.items}), 8)
        self.assertGreaterEqual(len({item["language"] for item in self.items}), 3)
        self.assertLessEqual(len({(item["subject"], item["language"]) for item in self.items}), SLICES)

    def test_the_first_queries_show_every_subject_and_language(self):
        first = self.items[:30]
        for field in ("subject", "language"):
            self.assertEqual({item[field] for item in first}, {item[field] for item in self.items})

    def test_ids_and_problems_are_unique(self):
        self.assertEqual(repeated(item["id"] for item in self.items), [])
        self.assertEqual(repeated(item["problem"] for item in self.items), [])

    def test_lines_have_the_fields_of_the_contract(self):
        for item in self.items:
            choice = item["judge"] == "multiple_choice"
            self.assertEqual(set(item), FIELDS | ({"options"} if choice else set()), item["id"])
            self.assertTrue(all(isinstance(item[field], str) and item[field].strip() for field in FIELDS), item["id"])
            self.assertRegex(item["id"], r"^demo/[a-z]+-\d{3}$")

    def test_answers_can_be_judged(self):
        for item in self.items:
            with self.subTest(item["id"]):
                if item["judge"] == "multiple_choice":
                    letters = "ABCDEF"[:len(item["options"])]
                    self.assertGreaterEqual(len(letters), 4)
                    self.assertEqual(repeated(item["options"]), [])
                    self.assertRegex(item["answer"], f"^[{letters}]$")
                elif item["judge"] == "numeric":
                    self.assertRegex(item["answer"], r"^-?\d+(\.\d+)?$")
                else:
                    self.assertEqual(item["judge"], "exact")
                    self.assertRegex(item["answer"], r"^\w+$")

    def test_problems_show_the_options_and_end_with_the_form_of_the_answer(self):
        form = {"multiple_choice": r"\(X\)\W*$", "numeric": r" ?: N\b", "exact": r" ?: [A-Z]{3,}\W*$"}
        for item in self.items:
            shown = [f"({letter}) {option}" for letter, option in zip("ABCDEF", item.get("options", []))]
            text = item["problem"].splitlines()
            self.assertEqual(text[1:-1], shown, item["id"])
            self.assertRegex(text[-1], form[item["judge"]], item["id"])

    def test_the_right_letters_are_spread_evenly(self):
        by_count = collections.defaultdict(collections.Counter)
        for item in self.items:
            if "options" in item:
                by_count[len(item["options"])][item["answer"]] += 1
        for count, letters in by_count.items():
            share = sum(letters.values()) / count
            for letter in "ABCDEF"[:count]:
                self.assertLessEqual(abs(letters[letter] - share), 1 + 0.25 * share, f"{letter} of {count} options")


class Recordings(unittest.TestCase):
    def test_files_stay_small_enough_to_be_built_in(self):
        for name, limit in LIMITS.items():
            self.assertLess((DATA / name).stat().st_size, limit, name)

    def test_each_model_answers_every_question_once(self):
        ids = [item["id"] for item in lines("corpus.jsonl")]
        for model in MODELS:
            answers = lines(f"{model}.jsonl")
            self.assertEqual([answer["id"] for answer in answers], ids, model)
            for answer in answers:
                self.assertEqual(set(answer), {"id", "model", "text", "correct"}, answer["id"])
                self.assertEqual(answer["model"], model)
                self.assertTrue(answer["text"].strip(), answer["id"])

    def test_the_large_model_fails_less_and_mostly_where_the_small_one_does_too(self):
        large, small = ({answer["id"] for answer in lines(f"{model}.jsonl") if not answer["correct"]} for model in MODELS)
        self.assertGreater(len(small), 2 * len(large))
        self.assertGreater(len(large & small), 0.8 * len(large))

    def test_known_accuracy_counts_the_intended_verdicts(self):
        self.assertEqual(set(known()), set(MODELS))
        for model, figures in known().items():
            answers = lines(f"{model}.jsonl")
            self.assertEqual(figures["correct"], sum(answer["correct"] for answer in answers), model)
            self.assertEqual(figures["of"], len(answers), model)

    def test_the_readme_shows_the_same_figures(self):
        readme = (DATA / "README.md").read_text(encoding="utf-8")
        items = {item["id"]: item for item in lines("corpus.jsonl")}
        counts = collections.defaultdict(collections.Counter)
        for model in MODELS:
            for answer in lines(f"{model}.jsonl"):
                item = items[answer["id"]]
                for row in (item["subject"], item["language"], "all"):
                    counts[row][model] += answer["correct"]
                    counts[row]["of"] += model == MODELS[0]
        for row, count in counts.items():
            figures = rf"\| {count['of']} \| {count[MODELS[0]]} \| {count[MODELS[1]]} \|"
            self.assertRegex(readme, rf"(?m)^\| {re.escape(row)} {figures}$")


@unittest.skipUnless("IPW_BINARY" in os.environ, "IPW_BINARY names no program")
class Verdicts(unittest.TestCase):
    def test_the_program_gives_every_intended_verdict(self):
        for model in MODELS:
            with self.subTest(model):
                verdicts = self.judged(model)
                answers = lines(f"{model}.jsonl")
                self.assertEqual(set(verdicts), {answer["id"] for answer in answers})
                different = [(verdicts[answer["id"]], answer["text"][-120:]) for answer in answers
                             if (verdicts[answer["id"]]["verdict"] == "correct") != answer["correct"]]
                self.assertEqual(different, [])
                kinds = collections.Counter(verdict["verdict"] for verdict in verdicts.values())
                figures = known()[model]
                self.assertEqual(kinds, {"correct": figures["correct"], "unparsed": figures["unparsed"],
                                         "wrong": figures["of"] - figures["correct"] - figures["unparsed"]})
                self.assertEqual(sum(verdict["score"] for verdict in verdicts.values()), figures["correct"])

    def judged(self, model):
        command = [os.environ["IPW_BINARY"], "judge", "--corpus", DATA / "corpus.jsonl",
                   "--answers", DATA / f"{model}.jsonl", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(repeated(verdict["id"] for verdict in found), [])
        return {verdict["id"]: verdict for verdict in found}


if __name__ == "__main__":
    unittest.main()
