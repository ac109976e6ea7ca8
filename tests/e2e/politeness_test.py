"""A server that is away, loading, busy with others, or out of budget: nothing is sent, and everybody is told why."""

import http.server
import json
import threading
import time
import unittest

from support import BINARY, EndToEnd, await_true, check_laws, free_port, get_json, records, scrape, small_corpus

CONFIG = """
listen: 127.0.0.1:0
corpus: {{path: sums.jsonl}}
targets: [{{name: local, url: "{url}", model: recorded, {target}}}]
probes: {{sources: [{{type: simulated, watts: 100}}]}}
store: {{path: ipw.db}}
"""


class FakeServer:
    """Answers as a model server does; the test says how it is doing. Keeps when each question came."""

    def __init__(self):
        self.models, self.health, self.running, self.waiting = ["recorded"], 200, 0, 0
        self.refuse, self.asked, self.pages, self.seconds = [], [], [], 0.0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body, kind="application/json", headers=()):
                self.send_response(status)
                for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self):
                fake.pages.append(self.path)
                if self.path == "/health":
                    return self.reply(fake.health, json.dumps({"error": {"message": "loading model"}}))
                if self.path == "/v1/models":
                    return self.reply(200, json.dumps({"data": [{"id": name} for name in fake.models]}))
                if self.path == "/metrics":
                    return self.reply(200, f'vllm:num_requests_running{{engine="0"}} {fake.running}\n'
                                           f'vllm:num_requests_waiting{{engine="0"}} {fake.waiting}\n', "text/plain")
                self.reply(404, "{}")

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                fake.asked.append((time.monotonic(), self.headers["X-Query-Id"]))
                if fake.refuse:
                    status, wait = fake.refuse.pop(0)
                    return self.reply(status, "{}", headers=[("Retry-After", wait)])
                time.sleep(fake.seconds)
                events = [{"choices": [{"delta": {"content": "Answer: 1"}}]},
                          {"choices": [{"delta": {}, "finish_reason": "stop"}]},
                          {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}]
                body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
                self.reply(200, body, "text/event-stream")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that leaves is no error
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Politeness(EndToEnd):
    def configure(self, url, target):
        return self.write("ipw.yaml", CONFIG.format(url=url, target=target))

    def fake_server(self):
        server = FakeServer()
        self.addCleanup(server.close)
        return server

    def paused(self, address, reason):
        return scrape(address).select("ipw_replay_paused", target="local", reason=reason)[0][1]

    def test_a_server_killed_and_restarted_in_mid_run_costs_only_what_was_running(self):
        corpus, answers, _ = small_corpus(self.folder, queries=80)
        port = free_port()

        def serve(name):
            return self.start(name, BINARY, "demo-server", "--corpus", corpus, "--answers", answers, "--model", "recorded",
                              "--listen", f"127.0.0.1:{port}", "--ttft", 0.05, "--rate", 400)

        server = serve("first")
        await_true(lambda: "url" in server.output(), "the server")
        config = self.configure(f"http://127.0.0.1:{port}/v1", "schedule: {concurrency: 4}")
        replay = self.start("replay", BINARY, "replay", "-c", config)
        await_true(lambda: (self.folder / "ipw.db").exists() and len(records(self.folder / "ipw.db")) > 10, "some queries")
        server.kill()
        await_true(lambda: "reason=not_ready" in replay.errors(), "the pause is in the log")
        time.sleep(1)
        self.assertTrue(replay.alive(), replay.errors())
        serve("second")
        self.assertEqual(replay.wait(), 0, replay.errors())
        self.assertIn("replay goes on", replay.errors())
        found = records(self.folder / "ipw.db")
        final = [r for r in found if r["final"] and r["outcome"] != "cancelled"]
        self.assertEqual(len(final), 80)
        self.assertEqual({r["outcome"] for r in final}, {"ok"}, "what was running was asked again")
        lost = [r for r in found if not r["final"]]
        self.assertTrue(1 <= len(lost) <= 8, [r["outcome"] for r in lost])

    def test_a_server_that_never_comes_ends_the_pass_with_its_reason(self):
        small_corpus(self.folder, queries=3)
        server = self.fake_server()
        config = self.configure(server.url, "ready_timeout: 1s")
        server.health = 503
        done = self.run_binary("replay", "-c", config)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("HTTP 503 from /health: loading model", done.stderr)
        server.health, server.models = 200, ["llama", "qwen"]
        done = self.run_binary("replay", "-c", config)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("does not serve the model `recorded`; it serves llama, qwen", done.stderr)
        self.assertIn("--resume", done.stderr)
        self.assertEqual(server.asked, [])

    def test_the_daemon_waits_for_its_server_and_then_begins_at_once(self):
        small_corpus(self.folder, queries=3)
        server = self.fake_server()
        server.health = 503
        sidecar, address = self.sidecar(self.configure(server.url, "warmup: 1, politeness: {poll: 100ms}"))
        await_true(lambda: self.paused(address, "not_ready") == 1, "paused")
        self.assertEqual(scrape(address).sum("ipw_target_up"), 0)
        self.assertEqual(get_json(f"{address}/api/v1/status")["targets"][0]["paused"], "not_ready")
        self.assertEqual(server.asked, [])
        server.health = 200
        await_true(lambda: server.asked, "the first query", 2)
        await_true(lambda: self.paused(address, "not_ready") == 0 and scrape(address).sum("ipw_target_up") == 1, "up")
        self.assertEqual(sidecar.errors().count("replay is paused"), 1)
        health = server.pages.count("/health")
        time.sleep(0.5)
        self.assertEqual(server.pages.count("/health"), health, "a ready server is not asked for its health again")
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def test_replay_gives_way_to_others(self):
        small_corpus(self.folder, queries=3)
        server = self.fake_server()
        server.running, server.waiting, server.seconds = 5, 1, 0.3
        limits = "politeness: {max_foreign: 2, poll: 100ms}"
        sidecar, address = self.sidecar(self.configure(server.url, limits))
        await_true(lambda: self.paused(address, "load") == 1, "paused")
        self.assertEqual(server.asked, [])
        self.assertEqual(scrape(address).sum("ipw_server_requests_running"), 5)
        self.assertEqual(scrape(address).sum("ipw_server_requests_waiting"), 1)
        server.running = 3  # ours and two others'
        await_true(lambda: len(records(self.folder / "ipw.db")) == 0 and self.paused(address, "load") == 1, "still too many")
        server.running = 2
        await_true(lambda: len(records(self.folder / "ipw.db")) > 3, "records")
        self.assertEqual(self.paused(address, "load"), 0)
        found = records(self.folder / "ipw.db")
        self.assertEqual({r["server_running"] for r in found[1:]}, {2})
        self.assertEqual({r["server_waiting"] for r in found[1:]}, {1})
        self.assertLessEqual({r["foreign_running"] for r in found[1:]}, {1, 2})
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def test_a_budget_of_queries_is_kept_to_the_query_and_over_a_restart(self):
        small_corpus(self.folder, queries=30)
        server = self.fake_server()
        config = self.configure(server.url, "warmup: 2, schedule: {concurrency: 3}, budget: {queries: 7}")
        sidecar, address = self.sidecar(config)
        await_true(lambda: self.paused(address, "budget") == 1, "paused")
        await_true(lambda: scrape(address).sum("ipw_queries_total") == 7, "seven queries")
        sample = scrape(address)
        self.assertEqual(len(server.asked), 2 + 7)
        self.assertEqual(sample.select("ipw_budget_remaining_ratio"), [({"target": "local", "reason": "queries"}, 0)])
        self.assertEqual(sidecar.errors().count("reason=budget"), 1, sidecar.errors())
        check_laws(self, sample)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        sidecar, address = self.sidecar(config)
        await_true(lambda: self.paused(address, "budget") == 1, "paused")
        self.assertEqual(len(server.asked), 2 + 7)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        done = self.run_binary("replay", "-c", config, "--resume")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the day's budget of 7 queries is spent", done.stderr)
        self.assertIn("--resume", done.stderr)

    def test_a_budget_without_what_counts_it_is_refused(self):
        small_corpus(self.folder, queries=3)
        for budget, words in (("{dollars: 1}", "pricing"), ("{joules: 5}", "nothing measures")):
            config = self.configure("http://127.0.0.1:1/v1", f"locality: cloud, budget: {budget}")
            done = self.run_binary("check", "-c", config)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"ipw\.yaml:\d+:\d+: ")
            self.assertIn(words, done.stderr)

    def test_retry_after_holds_the_whole_target_back(self):
        small_corpus(self.folder, queries=12)
        server = self.fake_server()
        server.refuse = [(429, "1")]
        done = self.run_binary("replay", "-c", self.configure(server.url, "schedule: {concurrency: 1}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        times = [at for at, _ in server.asked]
        self.assertGreaterEqual(times[1] - times[0], 1.0)
        self.assertEqual(server.asked[1][1], server.asked[0][1], "the refused query goes first")
        self.assertEqual(len(server.asked), 13)

    def test_retry_after_holds_every_stream_back(self):
        small_corpus(self.folder, queries=40)
        server = self.fake_server()
        server.seconds, server.refuse = 0.05, [(503, "1")]
        done = self.run_binary("replay", "-c", self.configure(server.url, "schedule: {concurrency: 4}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        began = server.asked[0][0]
        inside = [at - began for at, _ in server.asked if 0.2 < at - began < 1.0]
        self.assertEqual(inside, [])
        self.assertEqual(len(server.asked), 41)


if __name__ == "__main__":
    unittest.main()
