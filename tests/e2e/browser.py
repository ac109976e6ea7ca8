"""A headless Chromium for the tests of the pages, and what they ask it."""

import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's packages, for whichever Python runs this
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (c) => (c / 255 <= .03928 ? c / 255 / 12.92 : ((c / 255 + .055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const colour = parse(getComputedStyle(node).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('svg, noscript, script')) continue;
  const [a, b] = [luminance(parse(getComputedStyle(node).color)), luminance(ground(node))];
  const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (contrast < 4.5) bad.push([contrast.toFixed(2), node.className, walker.currentNode.data.trim().slice(0, 40)]);
}
return bad;
"""


def require_browser():
    """Skips with the reason where there is none."""
    if webdriver is None:
        raise unittest.SkipTest("python3-selenium is not installed: run deploy/setup")
    if not CHROMIUM or not DRIVER:
        raise unittest.SkipTest("chromium and chromedriver are not installed: run deploy/setup")


class Browser:
    """One window; everything that it writes goes into `folder`."""

    def __init__(self, folder, width=1200, height=900):
        options = Options()
        options.binary_location = CHROMIUM
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                     "--disable-background-networking", f"--user-data-dir={folder / 'browser'}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        for argument in arguments:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER, log_path=str(folder / "chromedriver.log")), options=options)
        self.screenshots = pathlib.Path(os.environ.get("IPW_SCREENSHOTS") or folder)
        self.width = width
        self.size(width, height)

    def close(self):
        self.driver.quit()

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def size(self, width, height=900):
        self.width = width
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def theme(self, name, motion="no-preference"):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name},
                                                             {"name": "prefers-reduced-motion", "value": motion}])

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector="body"):
        return self.run("return document.querySelector(arguments[0])?.innerText || ''", selector)

    def log(self):
        """What the console has said since the last call: violations of the policy and errors of scripts among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if "getImageData are faster" not in entry["message"]]  # said of drawn_colours()

    def key(self, name):
        """As a person presses it."""
        codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35}
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes[name],
                         **({"text": "\r"} if name == "Enter" and kind == "keyDown" else {}))

    def focused(self):
        return self.run("const at = document.activeElement;"
                        "return [at.nodeName, at.className, (at.getAttribute('aria-label') || at.textContent).trim()]")

    def screenshot(self, name):
        """The whole page, not only what the window shows."""
        height = self.run("return document.documentElement.scrollHeight")
        self.size(self.width, height)
        time.sleep(0.5)  # drawn anew at that size
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(self.screenshots / f"{name}.png"))
        self.size(self.width)

    def weight(self):
        """Bytes as sent and as unpacked, of the page and all that it fetched; and every address."""
        entries = self.run("return [...performance.getEntriesByType('navigation'), "
                           "...performance.getEntriesByType('resource')].map(e => [e.name, e.transferSize, e.decodedBodySize])")
        return sum(e[1] for e in entries), sum(e[2] for e in entries), [e[0] for e in entries]

    def interactive_ms(self):
        return self.run("const [n] = performance.getEntriesByType('navigation'); return n.domContentLoadedEventEnd")

    def poor_contrasts(self):
        return self.run(CONTRAST)

    def drawn_colours(self, selector):
        """How many different colours the canvases within hold: one or none is a blank."""
        return self.run("""
const colours = new Set();
for (const canvas of document.querySelectorAll(arguments[0] + ' canvas')) {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3]) colours.add(data.slice(i, i + 4).join());
}
return colours.size;""", selector)
