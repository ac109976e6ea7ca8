#include <cstdio>
#include <filesystem>

#include "base/log.hpp"
#include "exporter/app.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/stop_signal.hpp"
#include "replay/demo_server.hpp"

namespace ipw {
namespace embedded {
extern const std::string_view demo_corpus, demo_large, demo_small, demo_config;
}  // namespace embedded
namespace {

constexpr std::string_view kCorpusName = "built-in corpus";
constexpr std::string_view kModels[] = {"demo-large", "demo-small"};

// A folder for the journal that goes away with the demo.
class TemporaryStore {
 public:
  explicit TemporaryStore(const std::string& chosen) : path_(chosen) {
    if (!chosen.empty()) return;
    auto name = (std::filesystem::temp_directory_path() / "ipw-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return;
    folder_ = name;
    path_ = (folder_ / "ipw.db").string();
  }
  ~TemporaryStore() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::string path_;
};

std::unique_ptr<replay::CorpusReader> read_corpus() {
  return replay::CorpusReader::from_text(std::string(kCorpusName), embedded::demo_corpus);
}

using Servers = std::vector<std::unique_ptr<replay::DemoServer>>;

Result<Servers> start_servers(const DemoOptions& options) {
  Servers servers;
  for (const auto name : kModels) {
    const auto corpus = read_corpus();
    auto recordings = replay::Recordings::from_text(
        std::string(name), name == kModels[0] ? embedded::demo_large : embedded::demo_small, *corpus);
    if (!recordings) return recordings.error();
    // The small model is three times as fast, as a smaller model would be.
    const double speed = name == kModels[0] ? 1 : 3;
    auto server = replay::DemoServer::start({{.name = std::string(name),
                                              .recordings = std::move(*recordings),
                                              .time_to_first_token = Seconds{options.time_to_first_token / speed},
                                              .tokens_per_second = options.tokens_per_second * speed}});
    if (!server) return server.error();
    servers.push_back(std::move(*server));
  }
  return servers;
}

bool has_measured_power(const Clock& clock) {
  auto rig = probes::Rig::open({}, {"/", &clock}, Seconds{1}, Seconds{10});
  if (!rig) return false;
  const auto meters = (*rig)->topology().meters({});
  if (!meters) return false;
  for (const auto& meter : *meters)
    if (meter.quality == probes::Quality::measured) return true;
  return false;
}

// Fills the blanks of the embedded configuration: what `run` would read from a file.
std::string configuration(const DemoOptions& options, const Servers& servers, const std::string& store, bool measured) {
  std::string text(embedded::demo_config);
  const auto fill = [&](const std::string& blank, const std::string& value) {
    for (auto at = text.find(blank); at != std::string::npos; at = text.find(blank, at + value.size()))
      text.replace(at, blank.size(), value);
  };
  fill("@LISTEN@", options.listen);
  fill("@STORE@", store);
  fill("@LARGE_URL@", servers[0]->url());
  fill("@SMALL_URL@", servers[1]->url());
  fill("@LARGE_LOAD@", servers[0]->load_url());
  fill("@SMALL_LOAD@", servers[1]->load_url());
  fill("@LARGE_POWER@", measured ? "auto" : "{accelerator: [large-board]}");
  fill("@SMALL_POWER@", measured ? "auto" : "{accelerator: [small-board]}");
  const auto simulated = text.find("@SIMULATED_BEGIN@"), end = text.find("@SIMULATED_END@");
  if (measured) text.erase(simulated, end - simulated);
  fill("@SIMULATED_BEGIN@", "");
  fill("@SIMULATED_END@", "");
  return text;
}

}  // namespace

int demo_command(const DemoOptions& options) {
  const SteadyClock clock;
  const TemporaryStore store(options.store);
  if (store.path().empty()) return fail({Errc::unavailable, "cannot make a temporary folder: give --store FILE"});
  const StopSignal stop;
  auto servers = start_servers(options);
  if (!servers) return fail(servers.error());
  const bool measured = has_measured_power(clock);
  auto config = parse_config("demo.yaml", configuration(options, *servers, store.path(), measured));
  if (!config) return fail(config.error());
  const OpenCorpus corpus = [] { return Result<std::unique_ptr<replay::CorpusReader>>(read_corpus()); };
  auto plan = make_plan(std::move(*config), corpus, clock);
  if (!plan) return fail(plan.error());

  const std::string notice =
      "This is a demo: a built-in server answers with recorded texts of two imaginary models. Power is " +
      std::string(measured ? "measured on this machine, which only streams the recordings"
                           : "simulated, because this machine shows no power sensor") +
      ".";
  const auto host = plan->config.listen.host;
  auto app = App::open(std::move(*plan), corpus,
                       {.repeat = true,
                        .finish_running = false,
                        .serve = true,
                        .new_cycle = false,
                        .max_queries = {},
                        .demo_notice = notice});
  if (!app) return fail(app.error());
  log_warn(notice);
  const auto address = "http://" + host + ":" + std::to_string((*app)->port());
  std::printf("status page  %s/\nmetrics      %s/metrics\nstop         Ctrl-C\n", address.c_str(), address.c_str());
  std::fflush(stdout);
  const auto outcome = (*app)->run(stop.token());
  if (!outcome) return fail(outcome.error());
  return kSuccess;
}

}  // namespace ipw
