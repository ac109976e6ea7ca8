"""A judging model that says what a test tells it to: an OpenAI-compatible server with streamed answers."""

import http.server
import json
import re
import socket
import threading
import time


class JudgeServer:
    """`reply` gets the prompt and gives the text, or (status, text) for a refusal. Keeps what it was asked. `pages` are
    what it says of itself, JSON by path."""

    def __init__(self, reply, delay=0.0, pages=None, port=0):
        self.reply, self.delay, self.pages = reply, delay, pages or {}
        self.prompts, self.bodies = [], []
        self.worked = []  # when, from and to, for each prompt that is answered
        self.connections = []
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompt = body["messages"][-1]["content"]
                begin = time.time()
                with outer.lock:
                    outer.prompts.append(prompt)
                    outer.bodies.append(body)
                time.sleep(outer.delay)
                said = outer.reply(prompt)
                with outer.lock:
                    outer.worked.append((begin, time.time()))
                status, text = said if isinstance(said, tuple) else (200, said)
                self.answer(status, text)

            def do_GET(self):
                data = json.dumps(outer.pages.get(self.path, {})).encode()
                self.send_response(200 if self.path in outer.pages else 501)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def answer(self, status, text):
                chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
                last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
                usage = {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 2}}
                data = "".join(f"data: {json.dumps(part)}\n\n" for part in (chunk, last, usage)) + "data: [DONE]\n\n"
                if status != 200:
                    data = json.dumps({"error": {"message": text}})
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
                self.send_header("Content-Length", str(len(data.encode())))
                self.end_headers()
                try:
                    self.wfile.write(data.encode())
                except OSError:
                    pass  # the test is over

            def handle(self):
                outer.connections.append(self.connection)
                try:
                    super().handle()
                except OSError:
                    pass  # the sidecar is gone, or the server was closed

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already


def between_marks(prompt, name):
    """What stands between the marks of `name` in one of the built-in prompts."""
    return re.search(rf"<{name} (\w+)>\n(.*?)\n</{name} \1>", prompt, re.S)[2]
