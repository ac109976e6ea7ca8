#include "exporter/config.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "exporter/config_parts.hpp"
#include "exporter/config_text.hpp"
#include "replay/digest.hpp"

namespace ipw {
namespace {

constexpr std::size_t kMostSlices = 8;

ListenAddress read_listen(Options& root) {
  auto address = parse_listen(root.text("listen", "127.0.0.1:9947"));
  if (address) return *address;
  root.fail("listen", address.error().message);
  return {};
}

// mmlu-pro of corpora/mmlu-pro.jsonl.gz; of several files, all of them.
std::string stem(const std::vector<std::string>& paths) {
  std::string name;
  for (const auto& path : paths) {
    std::filesystem::path file = std::filesystem::path(path).filename();
    if (file.extension() == ".gz") file = file.stem();
    name += (name.empty() ? "" : "+") + file.stem().string();
  }
  return name;
}

replay::PanelChoice read_panel(Options options) {
  replay::PanelChoice panel;
  options.require("size");
  panel.size = static_cast<std::size_t>(options.integer("size", 1, {1, 100000}));
  panel.seed = static_cast<std::uint64_t>(options.integer("seed", 1, {.least = 0}));
  panel.stratify = options.text("stratify", panel.stratify);
  if (panel.stratify.empty()) options.fail("stratify", "expected subject, language, none or the name of a field");
  return panel;
}

CorpusConfig read_corpus(Options& root, const std::filesystem::path& folder) {
  CorpusConfig corpus;
  if (!root.require("corpus")) return corpus;
  auto options = root.child("corpus");
  if (options.require("path")) {
    corpus.paths = options.texts("path", {});
    if (corpus.paths.empty() || std::ranges::find(corpus.paths, "") != corpus.paths.end())
      options.fail("path", "expected the name of a .jsonl or .jsonl.gz file, or a list of them");
  }
  corpus.name = options.text("name", stem(corpus.paths));
  if (!corpus.paths.empty() || options.has("name")) check_label(options, "name", corpus.name);
  corpus.slices = options.texts("slices", {});
  if (corpus.slices.size() > kMostSlices)
    options.fail("slices", "at most " + std::to_string(kMostSlices) + " fields can be slices");
  for (auto& path : corpus.paths) path = (folder / path).string();
  if (options.has("panel")) {
    corpus.panel = read_panel(options.child("panel"));
    corpus.stratify_place = options.child("panel").place("stratify");
  }
  return corpus;
}

// The name of the target with which the others are compared, "" where none is given.
std::string read_coverage(Options& root, const std::vector<TargetConfig>& targets) {
  if (!root.has("coverage")) return {};
  auto options = root.child("coverage");
  if (!options.require("reference")) return {};
  auto reference = options.text("reference", "");
  std::vector<std::string_view> names;
  names.reserve(targets.size());
  for (const auto& target : targets) names.push_back(target.name);
  if (std::ranges::find(names, reference) == names.end())
    options.fail("reference",
                 "unknown target " + did_you_mean(reference, names) + "; the targets are: " + join(names, ", "));
  else if (names.size() == 1)
    options.fail("reference", "`" + reference + "` is the only target: nothing can be compared with it");
  return reference;
}

ProbesConfig read_probes(Options options) {
  ProbesConfig probes;
  probes.period = options.duration("period", probes.period, {0.001, 10});
  probes.root = options.text("root", probes.root);
  if (probes.root.empty()) options.fail("root", "expected a folder, such as /");
  probes.sources = options.children("sources");
  return probes;
}

StoreConfig read_store(Options options, const std::filesystem::path& folder) {
  StoreConfig store;
  store.path = options.text("path", store.path);
  if (store.path.empty()) options.fail("path", "expected a file name");
  store.path = (folder / store.path).string();
  store.keep_answers = options.flag("keep_answers", store.keep_answers);
  store.keep_power = options.duration("keep_power", store.keep_power, {300, 86400});
  return store;
}

const OptionsNode* entry_of(const OptionsNode& map, std::string_view key) {
  const auto found = std::ranges::find(map.entries, key, &OptionsNode::Entry::key);
  return found == map.entries.end() ? nullptr : &found->value;
}

// What is hidden when it is shown may change without changing what is asked.
std::string digest_of(const OptionsNode* node) {
  constexpr std::size_t kDigits = 12;
  return replay::sha256({node != nullptr ? shown_yaml(*node) : ""}).substr(0, kDigits);
}

std::vector<std::string> request_digests(const OptionsNode& tree) {
  std::vector<std::string> all;
  if (const auto* targets = entry_of(tree, "targets"))
    for (const auto& target : targets->items) all.push_back(digest_of(entry_of(target, "request")));
  return all;
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
  const Error expected{Errc::invalid,
                       "expected HOST:PORT such as 127.0.0.1:9947 or [::1]:9947, got `" + std::string(text) + "`"};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return expected;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto is_host_character = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           (bracketed && (c == ':' || c == '%'));
  };
  if (host.empty() || !std::ranges::all_of(host, is_host_character)) return expected;
  int port = -1;
  const auto end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || rest != end || port < 0) return expected;
  if (port > 65535) return Error{Errc::invalid, "port " + std::to_string(port) + " is out of range: 0 to 65535"};
  return ListenAddress{std::string(host), port};
}

void check_label(Options& options, std::string_view key, const std::string& value) {
  if (value.empty()) {
    if (options.has(key)) options.fail(key, "expected a name");
    return;
  }
  const bool printable =
      std::ranges::all_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (!printable || valid_utf8(value) != value || trim(value) != value || value.size() > 128)
    options.fail(key, "a name is a label in the metrics: at most 128 bytes of printable UTF-8, no space at its ends");
}

Result<Config> parse_config(const std::string& name, const std::string& yaml) {
  auto tree = parse_yaml(name, yaml);
  if (!tree) return tree.error();
  if (tree->kind == OptionsNode::Kind::null)
    return Error{Errc::invalid, name + ": the configuration is empty: it needs at least `corpus` and `targets`"};
  Config config;
  config.text = shown_yaml(*tree);
  if (auto ok = expand_environment(name, *tree); !ok) return ok.error();

  const auto requests = request_digests(*tree);
  config.judges_digest = digest_of(entry_of(*tree, "judges"));

  Options root(name, std::move(*tree));
  config.listen = read_listen(root);
  config.shutdown_grace = root.duration("shutdown_grace", config.shutdown_grace, {0, 3600});
  const auto folder = std::filesystem::path(name).parent_path();
  config.corpus = read_corpus(root, folder);
  config.targets = read_targets(root);
  for (std::size_t i = 0; i < std::min(requests.size(), config.targets.size()); ++i)
    config.targets[i].request_digest = requests[i];
  if (root.one_of("attribution", to_text(config.attribution), {"work", "equal"}) == "equal")
    config.attribution = SplitStrategy::equal;
  config.coverage_reference = read_coverage(root, config.targets);
  config.judges = root.child("judges");
  config.probes = read_probes(root.child("probes"));
  config.store = read_store(root.child("store"), folder);
  config.regression = read_regression(root.child("regression"));
  config.carbon = read_carbon(root);
  config.electricity = read_electricity(root);
  config.root = root;
  if (auto ok = root.finish(); !ok) return ok.error();
  return config;
}

namespace {

Result<std::string> read_file(const std::string& path) {
  const auto refused = [&](const std::string& why) {
    return Error{Errc::invalid, path + ": cannot read the configuration: " + why};
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refused("it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused(std::strerror(errno));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return refused(std::strerror(errno));
  return text.str();
}

}  // namespace

Result<Config> load_config(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  return parse_config(path, *text);
}

Result<JudgesConfig> load_judges(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  auto tree = parse_yaml(path, *text);
  if (!tree) return tree.error();
  if (auto ok = expand_environment(path, *tree); !ok) return ok.error();
  JudgesConfig config;
  config.judges = Options(path, std::move(*tree)).child("judges");
  config.model = read_judge_model(config.judges);
  return config;
}

}  // namespace ipw
