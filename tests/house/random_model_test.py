"""The generator of random models: what it writes is a GGUF file whose every tensor is where its header says."""

import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

from house import SOURCE

GENERATOR = SOURCE / "deploy" / "llama" / "make_random_gguf.py"
NUMBERS = {4: "I", 5: "i", 6: "f"}  # uint32, int32, float32


class Gguf:
    """Reads a file back. Source: ggml, docs/gguf.md."""

    def __init__(self, content):
        self.content, self.at = content, 0
        assert self.content[:4] == b"GGUF"
        self.at = 4
        version, tensors, keys = self.take("I"), self.take("Q"), self.take("Q")
        assert version == 3
        self.keys = {self.text(): self.value(self.take("I")) for _ in range(keys)}
        self.tensors = {self.text(): self.tensor() for _ in range(tensors)}
        self.data = -(-self.at // 32) * 32

    def take(self, kind):
        value, = struct.unpack_from("<" + kind, self.content, self.at)
        self.at += struct.calcsize("<" + kind)
        return value

    def text(self):
        size = self.take("Q")
        self.at += size
        return self.content[self.at - size:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            inner = self.take("I")
            return [self.value(inner) for _ in range(self.take("Q"))]
        return self.take(NUMBERS[kind])

    def tensor(self):
        """Dimensions, kind of the numbers, and where they begin after the header."""
        dimensions = [self.take("Q") for _ in range(self.take("I"))]
        return dimensions, self.take("I"), self.take("Q")

    def row(self, name, number):
        (width, *_), _, begin = self.tensors[name]
        return struct.unpack_from(f"<{width}f", self.content, self.data + begin + 4 * width * number)


class RandomModel(unittest.TestCase):
    def generate(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "model.gguf"
            done = subprocess.run([sys.executable, GENERATOR, out, *arguments], capture_output=True, text=True, check=False)
            return done, out.read_bytes() if out.exists() else b""

    def test_tensors_fill_the_file(self):
        for arguments in ((), ("--width", "96", "--layers", "3", "--vocab", "1000")):
            _, content = self.generate(*arguments)
            model, end = Gguf(content), 0
            for name, (dimensions, kind, begin) in model.tensors.items():
                self.assertEqual((kind, begin), (0, end), name)
                weights = dimensions[0] * (dimensions[1] if len(dimensions) > 1 else 1)
                end += -(-4 * weights // 32) * 32
            self.assertEqual(len(content), model.data + end)

    def test_header_says_what_was_asked_for(self):
        _, content = self.generate("--width", "96", "--layers", "3", "--vocab", "1000", "--context", "777")
        model = Gguf(content)
        expected = {"general.architecture": "llama", "llama.embedding_length": 96, "llama.block_count": 3,
                    "llama.attention.head_count": 3, "llama.vocab_size": 1000, "llama.context_length": 777}
        self.assertEqual({key: model.keys[key] for key in expected}, expected)
        tokens = model.keys["tokenizer.ggml.tokens"]
        self.assertEqual((len(tokens), len(set(tokens))), (1000, 1000))
        self.assertEqual(tokens[model.keys["tokenizer.ggml.eos_token_id"]], "</s>")
        self.assertEqual(model.tensors["output.weight"][0], [96, 1000])
        self.assertEqual(len(model.tensors), 3 + 3 * 9)

    def test_only_plain_text_can_be_answered(self):
        _, content = self.generate()
        model = Gguf(content)
        for token, kind in enumerate(model.keys["tokenizer.ggml.token_type"]):
            self.assertEqual(any(model.row("output.weight", token)), kind == 1, token)

    def test_weights_are_random_and_of_a_size_that_neither_fades_nor_overflows(self):
        _, content = self.generate()
        for weight in Gguf(content).row("blk.0.attn_q.weight", 5):
            self.assertTrue(0.125 <= abs(weight) < 0.25, weight)
        self.assertEqual(len(set(Gguf(content).row("blk.1.attn_q.weight", 5))), 64)

    def test_the_seed_makes_the_file(self):
        first, same, other = (self.generate(*seed)[1] for seed in ((), ("--seed", "1"), ("--seed", "2")))
        self.assertEqual(first, same)
        self.assertNotEqual(first, other)
        self.assertEqual(len(first), len(other))

    def test_what_cannot_be_made_is_refused_in_words(self):
        for arguments, words in ((("--width", "50"), "multiple of 32"), (("--layers", "0"), "at least 1"),
                                 (("--vocab", "300"), "--vocab is at least")):
            done, content = self.generate(*arguments)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)
            self.assertEqual(content, b"")


if __name__ == "__main__":
    unittest.main()
