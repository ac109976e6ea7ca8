"""Every dialect through the real binary: what goes out, and what stands in the record of a recorded answer."""

import http.server
import json
import os
import threading
import unittest

from support import SOURCE, EndToEnd, records

STREAMS = SOURCE / "tests" / "testdata" / "streams"

# Dialect, what its URL ends in, the path asked for, the recorded stream, and what the record must say of it.
DIALECTS = (
    ("openai", "/v1", "/v1/chat/completions", "openai/groq.sse",
     {"outcome": "ok", "answer": "5", "input_tokens": 18, "cached_tokens": None, "output_tokens": 8,
      "reasoning_tokens": 3, "token_counts": "server", "chunks": 2, "chunk_discrepancy": 6, "server_load_s": None,
      "server_queue_s": 0.25, "server_prefill_s": 0.0625, "server_decode_s": 0.5, "server_total_s": 0.5625}),
    ("openai_completions", "/v1", "/v1/completions", "openai_completions/no_usage_no_done.sse",
     {"outcome": "ok", "answer": " 7", "input_tokens": None, "output_tokens": None, "token_counts": "estimated",
      "chunks": 1, "chunk_discrepancy": None}),
    ("ollama", "", "/api/chat", "ollama/loading.ndjson",
     {"outcome": "ok", "answer": "7", "input_tokens": 26, "output_tokens": 2, "token_counts": "server",
      "server_load_s": 7.3219345, "server_prefill_s": 0.130079, "server_decode_s": 1.682,
      "server_total_s": 9.134291375}),
    ("llamacpp", "", "/completion", "llamacpp/old.sse",
     {"outcome": "length", "answer": "7", "input_tokens": 16, "cached_tokens": 12, "output_tokens": 2,
      "server_prefill_s": 0.01, "server_decode_s": 0.02}),
    ("sglang", "", "/generate", "sglang/utf8.sse",
     {"outcome": "ok", "answer": "größe 漢字 🙂", "input_tokens": 12, "cached_tokens": 0, "output_tokens": 9}),
    ("tgi", "", "/generate_stream", "tgi/eos.sse",
     {"outcome": "ok", "answer": "The answer is (B).", "input_tokens": 17, "output_tokens": 4, "chunks": 3,
      "chunk_discrepancy": 1}),
    ("anthropic", "", "/v1/messages", "anthropic/cached.sse",
     {"outcome": "ok", "answer": "7", "input_tokens": 2003, "cached_tokens": 1900, "output_tokens": 5}),
)
FAILURES = {"openai": "openai/vllm_error.sse", "openai_completions": "openai_completions/vllm_error.sse",
            "ollama": "ollama/error.ndjson", "llamacpp": "llamacpp/error.sse", "sglang": "sglang/abort.sse",
            "tgi": "tgi/error.sse", "anthropic": "anthropic/overloaded.sse"}


class RecordedServer:
    """Answers every request with one recorded stream, in pieces of seven bytes; keeps what it was asked."""

    def __init__(self, stream):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for begin in range(0, len(stream), 7):
                    piece = stream[begin:begin + 7]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]


class Dialects(EndToEnd):
    def replay(self, dialect, base, stream):
        """One query to a server that plays this stream: what it was asked, and the record."""
        server = RecordedServer((STREAMS / stream).read_bytes())
        self.addCleanup(server.server.server_close)
        self.addCleanup(server.server.shutdown)
        name = f"{dialect}-{stream.split('/')[1]}"
        self.write("one.jsonl", json.dumps({"id": "set/1", "problem": "2 + 3?", "answer": "5"}) + "\n")
        config = self.write(f"{name}.yaml", f"""
corpus: {{path: one.jsonl}}
probes: {{sources: [{{type: simulated, watts: 100}}]}}
store: {{path: {name}.db}}
targets:
  - {{name: t, url: "{server.url}{base}", dialect: {dialect}, model: some-model, api_key_env: IPW_E2E_KEY,
     retry: {{attempts: 1}}, request: {{system: Be brief.}}}}
""")
        self.run_binary("replay", "-c", config, env=os.environ | {"IPW_E2E_KEY": "sk-e2e"})
        found = records(self.folder / f"{name}.db")
        self.assertEqual((len(server.asked), len(found)), (1, 1), name)
        return server.asked[0], found[0]

    def test_every_dialect_asks_and_reads_as_its_server_does(self):
        for dialect, base, path, stream, expected in DIALECTS:
            with self.subTest(dialect):
                (asked_path, headers, body), record = self.replay(dialect, base, stream)
                self.assertEqual(asked_path, path)
                self.assertEqual(headers["X-Query-Id"], "set/1")
                key = ("x-api-key", "sk-e2e") if dialect == "anthropic" else ("Authorization", "Bearer sk-e2e")
                self.assertEqual(headers[key[0]], key[1])
                self.assertIn("2 + 3?", json.dumps(body))
                self.assertIn("Be brief.", json.dumps(body))
                self.assertEqual({name: record[name] for name in expected}, expected)

    def test_an_error_inside_200_is_an_error(self):
        for dialect, base, *_ in DIALECTS:
            with self.subTest(dialect):
                _, record = self.replay(dialect, base, FAILURES[dialect])
                self.assertEqual(record["outcome"], "stream_error")
                self.assertIn("the server reported inside its answer: ", record["reason"])


if __name__ == "__main__":
    unittest.main()
