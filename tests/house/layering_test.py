"""base <- probes <- exporter and base <- replay <- exporter, and third-party libraries behind their fences."""

import re
import unittest

from house import LAYERS, code, name

MAY_INCLUDE = {"base": {"base"}, "probes": {"base", "probes"}, "replay": {"base", "replay"}, "exporter": set(LAYERS)}
INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.MULTILINE)

# Library header -> the files that may include it.
FENCES = {
    r"prometheus/": r"exporter/metrics.*",
    r"yaml-cpp/": r"exporter/yaml\.cpp",
    r"httplib\.h": r"exporter/web/.*\.cpp|probes/http_endpoint\.cpp|probes/sources/simulated\.cpp|exporter/commands/version\.cpp",
    r"nlohmann/": r".*\.cpp",
    r"sqlite3\.h": r"exporter/store/.*|exporter/commands/version\.cpp",
    r"spdlog/": r"base/log\.cpp",
    r"event2/": r"replay/(event_loop|http_exchange|http_transport)\.cpp|replay/demo/.*",
    r"openssl/": r"replay/(digest|tls|http_socket)\..*|probes/http_(connection|digest)\.cpp",
    r"re2/": r"replay/judges/pattern\.cpp",
    r"CLI/": r"exporter/cli\.cpp",
}


class Layering(unittest.TestCase):
    def test_includes_point_one_way(self):
        for path in code(*LAYERS):
            layer = name(path).split("/")[0]
            for included in INCLUDE.findall(path.read_text()):
                other = included.split("/")[0]
                if other in LAYERS:
                    self.assertIn(other, MAY_INCLUDE[layer], f"{name(path)} includes {included}")

    def test_libraries_stay_behind_their_fences(self):
        for path in code(*LAYERS):
            for included in INCLUDE.findall(path.read_text()):
                for library, allowed in FENCES.items():
                    if re.match(library, included):
                        self.assertRegex(name(path), f"^({allowed})$", f"{name(path)} includes {included}")

    def test_only_the_web_and_the_command_line_leave_the_tree(self):
        seen = {included for path in code(*LAYERS) for included in INCLUDE.findall(path.read_text())}
        self.assertFalse([included for included in seen if included.startswith("tests/")])


if __name__ == "__main__":
    unittest.main()
