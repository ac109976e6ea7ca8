#include <cstdio>

#include "exporter/commands/commands.hpp"
#include "exporter/config.hpp"
#include "exporter/stop_signal.hpp"
#include "replay/demo_server.hpp"

namespace ipw {

int demo_server_command(const DemoServerOptions& options) {
  const auto address = parse_listen(options.listen);
  if (!address) return fail(address.error());
  auto misbehaviours = replay::demo::Misbehaviours::parse(options.misbehave, options.seed);
  if (!misbehaviours) return fail(misbehaviours.error());
  auto recordings = replay::Recordings::load(options.answers, options.corpus);
  if (!recordings) return fail(recordings.error());
  const StopSignal stop;
  auto server = replay::DemoServer::start({{.name = options.model,
                                            .recordings = std::move(*recordings),
                                            .time_to_first_token = Seconds{options.time_to_first_token},
                                            .tokens_per_second = options.tokens_per_second}},
                                          address->host, address->port, std::move(*misbehaviours));
  if (!server) return fail(server.error());
  std::printf("url %s\nload_url %s\n", (*server)->url().c_str(), (*server)->load_url().c_str());
  std::fflush(stdout);
  const SteadyClock clock;
  while (clock.sleep_until(clock.now() + std::chrono::hours(24), stop.token())) {
  }
  return kSuccess;
}

}  // namespace ipw
