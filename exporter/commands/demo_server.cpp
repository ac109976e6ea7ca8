#include <cstdio>
#include <filesystem>

#include "exporter/commands/commands.hpp"
#include "exporter/config.hpp"
#include "exporter/stop_signal.hpp"
#include "replay/demo_server.hpp"

namespace ipw {
namespace {

using Recorded = std::shared_ptr<const replay::Recordings>;

Result<Recorded> load_worse(const DemoServerOptions& options) {
  if (options.worse.empty()) return Recorded();
  auto loaded = replay::Recordings::load(options.worse, options.corpus);
  if (!loaded) return loaded.error();
  return Recorded(std::move(*loaded));
}

// Until it is to stop; worse while there is the file for that.
void serve(replay::DemoServer& server, const DemoServerOptions& options) {
  const StopSignal stop;
  const SteadyClock clock;
  const auto period = std::chrono::milliseconds(options.worse.empty() ? 86'400'000 : 100);
  while (clock.sleep_until(clock.now() + period, stop.token())) {
    std::error_code unreadable;  // is as good as away
    const bool worse = !options.worse.empty() && std::filesystem::exists(options.worse_while, unreadable);
    server.worsen(worse ? options.worse_load : 0);
  }
}

}  // namespace

int demo_server_command(const DemoServerOptions& options) {
  const auto address = parse_listen(options.listen);
  if (!address) return fail(address.error());
  auto misbehaviours = replay::demo::Misbehaviours::parse(options.misbehave, options.seed);
  if (!misbehaviours) return fail(misbehaviours.error());
  auto recordings = replay::Recordings::load(options.answers, options.corpus);
  if (!recordings) return fail(recordings.error());
  auto worse = load_worse(options);
  if (!worse) return fail(worse.error());
  auto server = replay::DemoServer::start({{.name = options.model,
                                            .recordings = std::move(*recordings),
                                            .time_to_first_token = Seconds{options.time_to_first_token},
                                            .tokens_per_second = options.tokens_per_second,
                                            .worse = std::move(*worse)}},
                                          address->host, address->port, std::move(*misbehaviours));
  if (!server) return fail(server.error());
  std::printf("url %s\nload_url %s\n", (*server)->url().c_str(), (*server)->load_url().c_str());
  std::fflush(stdout);
  serve(**server, options);
  return kSuccess;
}

}  // namespace ipw
