// What streaming costs on the client's side: the replayer against a demo server without pacing, beside a reader that
// throws the bytes away.
//
//   streams [QUERIES [TOKENS]]    queries per row (default 4000), tokens per answer (default 256)

#include "tests/bench/stream_rig.hpp"

namespace ipw::bench {
namespace {

struct Cost {
  double queries_per_second, tokens_per_second, client_us_per_token, server_us_per_token;
};

Cost measure(const std::function<void(int, const Load&)>& client, const Load& load) {
  const ServerProcess server(
      {.name = {}, .recordings = answers_to(load), .time_to_first_token = {}, .tokens_per_second = 0});
  client(server.port(), {std::min(load.queries, 4 * load.streams), load.tokens, load.streams});  // warm
  const auto begin = std::chrono::steady_clock::now();
  const double own = own_cpu_seconds(), servers = server.cpu_seconds();
  client(server.port(), load);
  const double took = between(begin, std::chrono::steady_clock::now()).value;
  const auto queries = static_cast<double>(load.queries);
  const double tokens = queries * static_cast<double>(load.tokens);
  return {queries / took, tokens / took, 1e6 * (own_cpu_seconds() - own) / tokens,
          1e6 * (server.cpu_seconds() - servers) / tokens};
}

void print_row(std::size_t streams, const char* reader, const Cost& cost) {
  std::printf("%7zu  %-7s %10.0f %12.0f %15.3f %15.3f\n", streams, reader, cost.queries_per_second,
              cost.tokens_per_second, cost.client_us_per_token, cost.server_us_per_token);
  std::fflush(stdout);
}

void run(std::size_t queries, std::size_t tokens) {
  const auto read_raw = [](int port, const Load& load) { RawReader(port, load, [](auto, auto) {}).run(); };
  const auto replayed = [](int port, const Load& load) { replay_load(port, load, [](const auto&) {}); };
  std::printf("%zu queries of %zu tokens; client and server share this machine\n", queries, tokens);
  std::printf("streams  reader   queries/s     tokens/s client us/token server us/token\n");
  for (const std::size_t streams : {1U, 16U, 64U, 256U, 1000U}) {
    const auto raw = measure(read_raw, {queries, tokens, streams});
    print_row(streams, "raw", raw);
    const auto ours = measure(replayed, {queries, tokens, streams});
    print_row(streams, "replay", ours);
    std::printf("         replay / raw: %.2f of the queries/s, %.2f times the client's CPU\n",
                ours.queries_per_second / raw.queries_per_second, ours.client_us_per_token / raw.client_us_per_token);
  }
}

}  // namespace
}  // namespace ipw::bench

int main(int count, char** words) {
  const auto number = [&](int i, unsigned long fallback) {
    return count > i ? std::max(std::strtoul(words[i], nullptr, 10), 1UL) : fallback;
  };
  ipw::bench::run(number(1, 4000), number(2, 256));
}
