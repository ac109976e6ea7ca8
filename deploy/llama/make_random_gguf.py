#!/usr/bin/env python3
"""Writes a llama model of seeded random weights, as a GGUF file that llama-server loads.

It answers gibberish, fast or slowly as its size says, and it takes no download: protocol, timing, token counts and load
of a real inference server can be tried with it, the quality of answers cannot.

  make_random_gguf.py tiny.gguf                             0.6 MB, far below a millisecond a token
  make_random_gguf.py large.gguf --width 768 --layers 8     48 million weights, 192 MB, about 10 ms a token on two cores

The file depends on the arguments alone, byte for byte. At temperature 0 an answer is plain words that never end before
max_tokens (no `ignore_eos` is needed). A prompt costs about a token a byte. Python's standard library is all it needs.
"""

import argparse
import itertools
import random
import struct

HEAD = 32       # width of an attention head; the model's width is a multiple of it
ALIGNMENT = 32  # of every tensor in the file, in bytes
CHUNK = 1 << 20  # weights made at a time

UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9  # GGUF's numbers for the types of its keys
UNKNOWN, BEGIN, END = 0, 1, 2                          # token numbers
NORMAL_TOKEN, UNKNOWN_TOKEN, CONTROL_TOKEN, BYTE_TOKEN = 1, 2, 3, 6
CHAT_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"

WORDS = ("the a of to and in is was it for on with as by at from power watt joule token model query answer time test run "
         "data node fast slow high low hello world").split()
SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu")


def vocabulary(size):
    """Texts and types: control tokens, every byte (so that any prompt can be read), printable characters, words."""
    tokens = [("<unk>", UNKNOWN_TOKEN), ("<s>", CONTROL_TOKEN), ("</s>", CONTROL_TOKEN)]
    tokens += [(f"<0x{byte:02X}>", BYTE_TOKEN) for byte in range(256)]
    silent = len(tokens)
    tokens += [(text, NORMAL_TOKEN) for text in ["▁", *map(chr, range(33, 127)), *("▁" + word for word in WORDS)]]
    if size < len(tokens):
        raise SystemExit(f"make_random_gguf: --vocab is at least {len(tokens)}")
    made_up = ("▁" + "".join(parts) for length in itertools.count(2)
               for parts in itertools.product(SYLLABLES, repeat=length))
    tokens += [(text, NORMAL_TOKEN) for text in itertools.islice(made_up, size - len(tokens))]
    return tokens, silent


def string(text):
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def uint32(key, value):
    return string(key) + struct.pack("<II", UINT32, value)


def text_value(key, value):
    return string(key) + struct.pack("<I", STRING) + string(value)


def array(key, kind, packed):
    return string(key) + struct.pack("<IIQ", ARRAY, kind, len(packed)) + b"".join(packed)


def metadata(shape, tokens):
    """The keys of the header, packed one by one."""
    return [
        text_value("general.architecture", "llama"),
        text_value("general.name", "random weights"),
        uint32("general.file_type", 0),
        uint32("llama.context_length", shape.context),
        uint32("llama.embedding_length", shape.width),
        uint32("llama.block_count", shape.layers),
        uint32("llama.feed_forward_length", 2 * shape.width),
        uint32("llama.attention.head_count", shape.width // HEAD),
        uint32("llama.attention.head_count_kv", shape.width // HEAD),
        string("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", FLOAT32, 1e-5),
        uint32("llama.rope.dimension_count", HEAD),
        uint32("llama.vocab_size", len(tokens)),
        text_value("tokenizer.ggml.model", "llama"),
        array("tokenizer.ggml.tokens", STRING, [string(text) for text, _ in tokens]),
        array("tokenizer.ggml.scores", FLOAT32, [struct.pack("<f", -number) for number in range(len(tokens))]),
        array("tokenizer.ggml.token_type", INT32, [struct.pack("<i", kind) for _, kind in tokens]),
        uint32("tokenizer.ggml.unknown_token_id", UNKNOWN),
        uint32("tokenizer.ggml.bos_token_id", BEGIN),
        uint32("tokenizer.ggml.eos_token_id", END),
        text_value("tokenizer.chat_template", CHAT_TEMPLATE),
    ]


def tensors(width, layers, vocab):
    """Names and dimensions, the contiguous one first."""
    yield "token_embd.weight", (width, vocab)
    yield "output_norm.weight", (width,)
    yield "output.weight", (width, vocab)
    for layer in range(layers):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            yield f"{block}{name}.weight", (width,)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"{block}{name}.weight", (width, width)
        for name in ("ffn_gate", "ffn_up"):
            yield f"{block}{name}.weight", (width, 2 * width)
        yield f"{block}ffn_down.weight", (2 * width, width)


def count(dimensions):
    weights = 1
    for dimension in dimensions:
        weights *= dimension
    return weights


def random_weights(source, weights, fan_in):
    """Packed floats of random sign and of magnitude 1 to 2 over the root of `fan_in`, rounded to a power of two."""
    exponent = 127 - (fan_in.bit_length() // 2)
    while weights > 0:
        size = 4 * min(weights, CHUNK)
        keep, put = (int.from_bytes(struct.pack("<I", word) * (size // 4), "little")
                     for word in (0x807FFFFF, exponent << 23))
        # One operation on a very long number is a million times faster than a million on short ones.
        bits = int.from_bytes(source.randbytes(size), "little")
        yield (bits & keep | put).to_bytes(size, "little")
        weights -= size // 4


def tensor_bytes(name, dimensions, source, silent):
    """A tensor's content, in pieces."""
    if len(dimensions) == 1:
        yield struct.pack("<f", 1.0) * dimensions[0]
    elif name == "output.weight":
        # Rows of zero: at temperature 0 something else always scores higher than a control token or a lone byte.
        yield bytes(4 * dimensions[0] * silent)
        yield from random_weights(source, dimensions[0] * (dimensions[1] - silent), dimensions[0])
    else:
        yield from random_weights(source, count(dimensions), dimensions[0])


def padding(size):
    return bytes(-size % ALIGNMENT)


def write(path, shape):
    """Writes the model; gives the number of its weights."""
    tokens, silent = vocabulary(shape.vocab)
    keys = metadata(shape, tokens)
    listed = list(tensors(shape.width, shape.layers, len(tokens)))
    entries, offset = [], 0
    for name, dimensions in listed:
        entries.append(string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions) +
                       struct.pack("<IQ", 0, offset))  # 0: every weight is a 32-bit float
        size = 4 * count(dimensions)
        offset += size + len(padding(size))
    header = b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(keys)) + b"".join(keys) + b"".join(entries)
    source = random.Random(shape.seed)
    with open(path, "wb") as file:
        file.write(header + padding(len(header)))
        for name, dimensions in listed:
            for piece in tensor_bytes(name, dimensions, source, silent):
                file.write(piece)
            file.write(padding(4 * count(dimensions)))
    return sum(count(dimensions) for _, dimensions in listed)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", metavar="OUT.gguf", help="the file to write")
    parser.add_argument("--width", type=int, default=64, help=f"a multiple of {HEAD}; cost grows with its square (default 64)")
    parser.add_argument("--layers", type=int, default=2, help="cost grows with them (default 2)")
    parser.add_argument("--vocab", type=int, default=512, help="number of tokens (default 512)")
    parser.add_argument("--context", type=int, default=4096, help="longest prompt and answer, in tokens (default 4096)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights (default 1)")
    shape = parser.parse_args(arguments)
    if shape.width < HEAD or shape.width % HEAD or shape.layers < 1 or shape.context < 1:
        parser.error(f"--width is a multiple of {HEAD}, --layers and --context are at least 1")
    weights = write(shape.out, shape)
    print(f"{shape.out}: {weights} weights, {shape.vocab} tokens")


if __name__ == "__main__":
    main()
