"""The pages as a person sees them: a real sidecar in a headless Chromium."""

import http.server
import json
import re
import threading
import time
import unittest

from browser import Browser, require_browser
from support import EndToEnd, await_true, free_port, get, get_json

EVIL = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
EVIL_MODEL = "m<img/src=x>'\""
WEIGHT_LIMIT = 150_000


class FailingServer(http.server.BaseHTTPRequestHandler):
    """Says that it is ready, and answers every question with an error that is a page of its own."""

    def do_GET(self):
        self.reply(200, {"object": "list", "data": [{"id": "broken", "object": "model"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.3)
        self.reply(500, {"error": {"message": EVIL}})

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except ConnectionError:
            pass  # the sidecar was stopped

    def log_message(self, *arguments):
        pass


class Pages(EndToEnd):
    @classmethod
    def setUpClass(cls):
        require_browser()

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.config = self.configure()
        self.process, self.address = self.sidecar(self.config)
        await_true(lambda: len(get_json(f"{self.address}/api/v1/queries?outcome=ok")["queries"]) >= 4, "stored queries", 60)
        self.browser = Browser(self.folder)
        self.addCleanup(self.browser.close)
        self.browser.theme("light")

    def configure(self):
        self.write("corpus.jsonl", "".join(json.dumps(
            {"id": f"sum/{i}", "problem": f"What is {i} + {i}? {EVIL}", "answer": str(2 * i), "subject": "sums",
             "language": "en", "judge": "numeric"}) + "\n" for i in range(12)))
        self.write("answers.jsonl", "".join(json.dumps(
            {"id": f"sum/{i}", "text": f"{EVIL} {'We add the numbers. ' * 12}\nAnswer: {2 * i + i % 3}"}) + "\n"
            for i in range(12)))
        _, url, load = self.demo_server(self.folder / "corpus.jsonl", self.folder / "answers.jsonl", model=EVIL_MODEL,
                                        ttft=0.3, rate=100)
        failing = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FailingServer)
        threading.Thread(target=failing.serve_forever, daemon=True).start()
        self.addCleanup(failing.server_close)
        self.addCleanup(failing.shutdown)
        return self.write("ipw.yaml", f"""
listen: 127.0.0.1:{self.port}
corpus: {{name: sums, path: corpus.jsonl}}
targets:
  - {{name: local, url: "{url}", dialect: openai, model: {json.dumps(EVIL_MODEL)}, idle_watts: 50,
     power: {{accelerator: [board]}}, schedule: {{mode: closed, concurrency: 2}}}}
  - {{name: broken, url: "http://127.0.0.1:{failing.server_port}/v1", dialect: openai, model: broken,
     power: {{accelerator: [other]}}, schedule: {{mode: constant, rate: 1/s}}, retry: {{attempts: 1}}}}
probes:
  sources:
    - {{type: simulated, name: board, device: "Board", idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}
    - {{type: simulated, name: other, device: "Other board", watts: 80}}
store: {{path: ipw.db}}
""")

    def open(self, path, until=None):
        self.browser.open(self.address + path)
        if until:
            await_true(lambda: self.browser.run(f"return Boolean({until})"), until, 30)

    def open_status(self):
        self.open("/", "document.querySelectorAll('.lanes a[href]').length")

    def open_query(self):
        query = get_json(f"{self.address}/api/v1/queries?target=local&outcome=ok&limit=1")["queries"][0]
        self.open(f"/queries/{query['id']}", "document.querySelector('#query-power .legend li')")
        return query

    def check_quiet(self):
        """Neither the policy nor a script has complained, and no text of others has run."""
        self.assertEqual(self.browser.log(), [])
        self.assertNotEqual(self.browser.run("return document.title"), "owned")
        self.assertEqual(self.browser.run("return document.querySelectorAll('main script, main img').length"), 0)

    def check_fits(self):
        width, window = self.browser.run("const at = document.documentElement; return [at.scrollWidth, at.clientWidth]")
        self.assertLessEqual(width, window)

    def test_status_shows_what_matters_first_and_hostile_text_stays_text(self):
        self.open_status()
        verdicts = self.browser.text(".verdicts")
        self.assertRegex(verdicts, r"(?s)warming up\s+local.*IPW.*right")
        self.assertRegex(verdicts, r"(?s)does not answer\s+broken\s+http_5xx")
        self.assertIn(EVIL, self.browser.text("main"), "the server's own error")
        self.assertIn(EVIL_MODEL, self.browser.text("main"))
        for heading in ("Power and queries", "Last failures", "Where the joules went", "Power channels"):
            self.assertIn(heading, self.browser.text("main"))
        self.assertGreater(self.browser.drawn_colours("#live-power"), 3, "the curve is blank")
        await_true(lambda: self.browser.run("return document.querySelector('.lanes rect.failed')"), "failures are marked")
        link = self.browser.run("return document.querySelector('#failures ~ .wide a').getAttribute('href')")
        await_true(lambda: get(self.address + link)[0] == 200, "the failure's page")
        self.check_quiet()

    def test_it_updates_without_taking_anything_away(self):
        self.open_status()
        run = self.browser.run
        run("document.querySelector('#target-0 details:last-of-type').open = true; window.stays = true;"
            "window.scrollTo(0, 300); document.querySelector('#target-0 details:last-of-type a').focus({preventScroll: true})")
        focused = self.browser.focused()
        self.await_update()
        self.assertEqual(self.browser.focused(), focused)
        run("getSelection().selectAllChildren(document.getElementById('books'))")
        self.await_update()
        self.assertTrue(run("return window.stays"), "the page was loaded again")
        self.assertTrue(run("return document.querySelector('#target-0 details:last-of-type').open"))
        self.assertEqual(run("return [Math.round(scrollY), String(getSelection())]"), [300, "Where the joules went"])
        self.check_quiet()

    def await_update(self):
        figures, queries = ".at", "#target-0 details:last-of-type"
        before = self.browser.text(figures), self.browser.text(queries)
        await_true(lambda: self.browser.text(figures) != before[0] and self.browser.text(queries) != before[1], "new figures")

    def test_it_is_still_while_it_is_hidden(self):
        self.open_status()
        requests = "return performance.getEntriesByType('resource').filter(e => e.initiatorType === 'fetch').length"
        hide = ("Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
                "document.dispatchEvent(new Event('visibilitychange'))")
        self.browser.run(hide, True)
        time.sleep(1)  # a request that was under way
        before = self.browser.run(requests)
        time.sleep(5)
        self.assertEqual(self.browser.run(requests), before)
        self.browser.run(hide, False)
        await_true(lambda: self.browser.run(requests) > before, "it goes on", 5)

    def test_a_dead_sidecar_is_told_and_found_again(self):
        self.open_status()
        self.process.kill()
        await_true(lambda: "No answer from the sidecar" in self.browser.text("#connection"), "stale", 30)
        self.assertTrue(self.browser.run("return document.body.classList.contains('stale')"))
        self.assertIn("local", self.browser.text(".verdicts"), "the last figures stay")
        self.browser.screenshot("status-stale")
        self.sidecar(self.config, name="again")
        await_true(lambda: self.browser.run("return !document.body.classList.contains('stale')"), "found again", 60)
        self.assertEqual(self.browser.text("#connection"), "")

    def test_the_keyboard_reaches_everything_and_is_never_trapped(self):
        self.open_status()
        self.browser.key("Tab")
        self.assertEqual(self.browser.focused()[1], "skip")
        outline = self.browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertEqual(outline, "solid", "the focus is seen")
        stops = [self.browser.focused()]
        for _ in range(200):
            self.browser.key("Tab")
            stops.append(self.browser.focused())
            if stops[-1][0] == "BODY" or stops[-1] == stops[0]:
                break
        self.assertTrue(stops[-1][0] == "BODY" or stops[-1] == stops[0], f"still at {stops[-1]}")
        names = " ".join(stop[0] + "." + stop[1] for stop in stops)
        for stop in ("A.", "DIV.chart", "BUTTON.", "SUMMARY.", "DIV.wide"):
            self.assertIn(stop, names)
        self.browser.run("document.querySelector('#live-power .chart').focus()")
        self.browser.key("ArrowLeft")
        self.assertRegex(self.browser.text("#live-power .readout"), r"\d\d:\d\d:\d\d UTC · .*board.* \d+(\.\d+)? W")
        self.assertRegex(self.browser.focused()[2], r"Power over the last two minutes\. .*on average")
        self.browser.run("document.querySelector('.skip').focus()")
        self.browser.key("Enter")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "main")
        self.check_quiet()

    def test_both_themes_and_a_phone(self):
        self.open_status()
        self.browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
        grounds = []
        for theme in ("light", "dark"):
            self.browser.theme(theme, motion="reduce")
            for width in (1200, 360):
                self.browser.size(width)
                self.assertEqual(self.browser.poor_contrasts(), [], theme)
                self.check_fits()
                self.browser.screenshot(f"status-{theme}-{width}")
            grounds.append(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(*grounds)
        self.open_query()
        for theme in ("light", "dark"):
            self.browser.theme(theme)
            for width in (1200, 360):
                self.browser.size(width)
                self.assertEqual(self.browser.poor_contrasts(), [], theme)
                self.check_fits()
                self.browser.screenshot(f"query-{theme}-{width}")
        self.open("/queries")
        self.check_fits()
        self.browser.screenshot("queries-dark-360")
        self.check_quiet()

    def test_the_page_of_a_query(self):
        query = self.open_query()
        text = self.browser.text("main")
        for part in (query["query_id"], query["verdict"], query["reason"], "First token of the answer", "Gross", "prefill",
                     "Answer: ", "What is ", EVIL):
            self.assertIn(part, text)
        self.assertGreater(self.browser.drawn_colours("#query-power"), 4, "the curve is blank")
        share = query["time_to_first_token_s"] / query["duration_s"]
        self.assertGreater(share, 0.05)
        prefill, decode = (self.shade(seconds) for seconds in (query["time_to_first_token_s"] / 2, query["duration_s"] - 0.05))
        self.assertNotEqual(prefill, decode)
        self.assertTrue(prefill[3] and decode[3], "prefill and decode are shaded")
        self.assertFalse(self.shade(query["duration_s"] + 0.1)[3], "what came after is not")
        self.check_quiet()

    def shade(self, seconds):
        """The colour of the curve's ground so long after the query was sent."""
        return self.browser.run("""
const {ended} = document.getElementById('query-power').dataset, around = Math.min(60, Math.max(.05, ended / 4));
const layers = [...document.querySelectorAll('#query-power canvas')], left = 56 + 5;
for (const canvas of layers) {
  const x = left + (arguments[0] + around) / (2 * around + Number(ended)) * (canvas.clientWidth - left - 8);
  const pixel = [...canvas.getContext('2d').getImageData(Math.round(x) + 2, 6, 1, 1).data];
  if (pixel[3]) return pixel;
}
return [0, 0, 0, 0];""", seconds)

    def test_failures_unknown_ids_and_lists(self):
        failed = get_json(f"{self.address}/api/v1/queries?target=broken&limit=1")["queries"][0]
        self.open(f"/queries/{failed['id']}")
        self.assertIn(EVIL, self.browser.text("main"))
        self.assertIn("No answer came", self.browser.text("main"))
        self.check_quiet()
        status, body = get(f"{self.address}/queries/nope%3Cscript%3E")
        self.assertEqual(status, 404)
        self.assertIn("No attempt has the id nope&lt;script&gt;", body)
        self.assertIn("/queries", body)
        self.open("/queries")
        self.browser.run("[...document.querySelectorAll('.filters a')].find(a => a.textContent === 'http_5xx').click()")
        await_true(lambda: "?outcome=http_5xx" in self.browser.driver.current_url, "the filter")
        outcomes = self.browser.run("return [...document.querySelectorAll('tbody tr')].map(r => r.cells[5].innerText)")
        self.assertEqual(set(outcomes), {"http_5xx"})
        self.check_quiet()

    def test_weight_speed_and_no_request_to_anywhere_else(self):
        self.open_status()
        interactive = self.browser.interactive_ms()
        sent, unpacked, addresses = self.browser.weight()
        for address in addresses:
            self.assertTrue(address.startswith(self.address), address)
        self.assertLess(sent, WEIGHT_LIMIT)
        first = f"status page: {sent / 1000:.1f} kB sent, {unpacked / 1000:.1f} kB unpacked, interactive in {interactive:.0f} ms"
        self.browser.driver.refresh()
        await_true(lambda: self.browser.run("return document.querySelectorAll('.lanes a[href]').length"), "drawn again")
        print(f"{first}; again: {self.browser.weight()[0] / 1000:.1f} kB sent, {self.browser.interactive_ms():.0f} ms")
        fetched = self.browser.run("return performance.getEntriesByType('resource').filter(e => e.name.includes('/static/'))"
                                   ".map(e => e.transferSize)")
        self.assertEqual(set(fetched), {0}, "a reload fetches no file again")
        self.open_query()
        sent, unpacked, _ = self.browser.weight()
        print(f"query page: {sent / 1000:.1f} kB sent, {unpacked / 1000:.1f} kB unpacked")

    def test_every_page_has_a_strict_policy(self):
        for path in ("/", "/queries", "/queries/nope", "/queries?verdict=x"):
            self.open(path)
            policy = self.browser.run("""return fetch(location.href).then(r => r.headers.get('content-security-policy'))""")
            self.assertTrue(policy.startswith("default-src 'none'"), path)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("http", re.sub(r"'[^']*'", "", policy))


if __name__ == "__main__":
    unittest.main()
