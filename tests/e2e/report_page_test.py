"""The page of `report --html`, opened from the disk in a headless Chromium: plots, hostile text, both themes, a phone."""

import base64
import json
import os
import pathlib
import random
import unittest

from support import EndToEnd

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None
DRIVER = pathlib.Path("/usr/bin/chromedriver")
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
# What a canvas shows: how many of its pixels are not transparent.
PAINTED = """
return [...document.querySelectorAll('figure')].map(figure => [figure.querySelector('h4').textContent,
  [...figure.querySelectorAll('canvas')].reduce((sum, canvas) => sum + canvas.getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data.filter((value, i) => i % 4 === 3 && value > 0).length, 0)]);
"""
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;"


def harness_records(path, model, watts, queries=300, subject="arithmetic", seed=1):
    """Records in the exact shape of the published harness, with a known line: joules = watts * seconds."""
    chance = random.Random(seed)
    with open(path, "w") as lines:
        for i in range(queries):
            output, seconds = chance.randint(20, 900), 0.0
            seconds = round(0.3 + 0.011 * output * chance.uniform(0.9, 1.1), 4)
            lines.write(json.dumps({
                "problem": f"{i} and {i}?", "answer": str(2 * i), "subject": subject, "dataset_metadata": "{}",
                "model_answers": {model: str(2 * i)},
                "model_metrics": {model: {
                    "energy_metrics": {"per_query_joules": watts * seconds, "total_joules": watts * seconds},
                    "latency_metrics": {"per_token_ms": 1000 * seconds / output, "throughput_tokens_per_sec": output / seconds,
                                        "time_to_first_token_seconds": 0.1 + 0.0004 * (30 + i), "total_query_seconds": seconds},
                    "power_metrics": {"gpu": {"per_query_watts": {"avg": watts * chance.uniform(0.95, 1.05), "max": watts + 9,
                                                                  "median": watts, "min": watts - 9},
                                              "total_watts": {"avg": watts, "max": watts, "median": watts, "min": watts}}},
                    "token_metrics": {"input": 30 + i, "output": output, "total": 30 + i + output},
                    "gpu_info": {"name": "NVIDIA H200", "vendor": "NVIDIA", "device_id": 0, "device_type": "gpu", "backend": "nvml"},
                    "lm_correctness": False, "lm_response": "",
                    "evaluation": {"is_correct": chance.random() < 0.7 if i % 50 else None, "metadata": "{}", "config": "{}"},
                }}}) + "\n")
    return path


@unittest.skipIf(webdriver is None, "no selenium: apt-get install python3-selenium")
@unittest.skipUnless(DRIVER.exists(), "no chromedriver: apt-get install chromium chromium-driver")
class ReportPage(EndToEnd):
    def browser(self, *arguments):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb", *arguments):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(service=Service(str(DRIVER)), options=options)
        self.addCleanup(driver.quit)
        return driver

    def page(self):
        good = harness_records(self.folder / "old.jsonl", "qwen3-8b", 300)
        hostile = harness_records(self.folder / "new.jsonl", "qwen3-8b" + HOSTILE, 330, subject=HOSTILE, seed=2)
        done = self.run_binary("report", "--import-ipw", good, "--import-ipw", hostile, "--html", self.folder / "page.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / "page.html"

    def shot(self, driver, name):
        folder = pathlib.Path(os.environ.get("IPW_SCREENSHOTS") or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        whole = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        (folder / f"report-{name}.png").write_bytes(base64.b64decode(whole["data"]))

    def show(self, driver, page, width, theme):
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        driver.get(page.as_uri())
        self.assertGreater(int(driver.execute_script("return document.documentElement.dataset.plots || 0")), 10)

    def test_plots_themes_widths_and_hostile_text(self):
        page, driver = self.page(), self.browser()
        self.assertLess(page.stat().st_size, 400_000)
        grounds = set()
        for name, width, theme in (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")):
            with self.subTest(name):
                self.show(driver, page, width, theme)
                self.assertLessEqual(driver.execute_script(OVERFLOW), 0, "the page is wider than its window")
                for title, pixels in driver.execute_script(PAINTED):
                    self.assertGreater(pixels, 500, f"blank: {title}")
                grounds.add(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
                self.assertEqual(driver.title, "Intelligence per watt")
                self.assertEqual(driver.execute_script("return document.querySelectorAll('img').length"), 0)
                self.assertIn(HOSTILE, driver.execute_script("return document.body.textContent"))
                self.assertEqual(driver.execute_script("return performance.getEntriesByType('resource').length"), 0)
                self.shot(driver, name)
        self.assertEqual(len(grounds), 2, "the dark theme is another one")
        self.assertEqual(driver.get_log("browser"), [], "nothing is to complain about, least of all the policy")

    def test_a_plot_follows_the_choice_of_tokens(self):
        driver = self.browser()
        self.show(driver, self.page(), 1280, "light")
        captions = "return [...document.querySelectorAll('.plots')][0].querySelectorAll('figcaption')[0].textContent"
        total = driver.execute_script(captions)
        self.assertRegex(total, r"^y = .* \+ .* · x, R² = 0\.\d+, n = \d+\.")
        driver.execute_script("const s = document.querySelector('select'); s.value = 'output_tokens'; s.dispatchEvent(new Event('change'))")
        self.assertNotEqual(driver.execute_script(captions), total)
        label = driver.execute_script("return document.querySelector('.plot').getAttribute('aria-label')")
        self.assertIn("Energy in J over output tokens", label)
        self.assertEqual(driver.get_log("browser"), [])


if __name__ == "__main__":
    unittest.main()
