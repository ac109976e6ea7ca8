// How well the replayer tells the time when many streams run at once: every token of the server is the moment at which
// it was written, and the difference to when the client says that it came is the client's error. A reader that does
// nothing but read is measured in the same run, against the same server.
//
//   stream_timing [RATE [TOKENS [ROUNDS]]]    tokens a second of each stream (default 50), tokens per answer (default
//                                             100), queries per stream (default 3)

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/bench/stream_rig.hpp"

namespace ipw::bench {
namespace {

// In milliseconds.
class Errors {
 public:
  void add(Seconds error) { all_.push_back(1e3 * error.value); }
  double mean() const {
    double sum = 0;
    for (const double e : all_) sum += e;
    return sum / static_cast<double>(all_.size());
  }
  double percentile(double share) {
    const auto at = all_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(all_.size() - 1));
    std::ranges::nth_element(all_, at);
    return *at;
  }

 private:
  std::vector<double> all_;
};

struct Timing {
  Errors first_token, between_tokens;
  double client_us_per_token{0}, tokens_per_second{0};
};

double resident_mib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  return 0;
}

void note(const replay::Attempt& attempt, Timing& timing) {
  timing.first_token.add(between(time_in(attempt.answer), *attempt.first_token_at));
  std::size_t at = 0;
  const replay::Chunk* before = nullptr;
  MonoTime written_before;
  for (const auto& chunk : attempt.chunks) {
    const auto written = time_in(std::string_view(attempt.answer).substr(at));
    if (before != nullptr)
      timing.between_tokens.add(
          Seconds{std::abs(between(before->at, chunk.at).value - between(written_before, written).value)});
    before = &chunk;
    written_before = written;
    at += chunk.bytes;
  }
}

template <class Client>
Timing measure(const Load& load, double rate, Client client) {
  // Every token is the time at which it was written.
  const ServerProcess server({.name = {},
                              .recordings = nullptr,
                              .time_to_first_token = Seconds{0.05},
                              .tokens_per_second = rate,
                              .clock_tokens = true});
  Timing timing;
  const auto begin = std::chrono::steady_clock::now();
  const double own = own_cpu_seconds();
  client(server.port(), timing);
  const auto tokens = static_cast<double>(load.queries * load.tokens);
  timing.client_us_per_token = 1e6 * (own_cpu_seconds() - own) / tokens;
  timing.tokens_per_second = tokens / between(begin, std::chrono::steady_clock::now()).value;
  return timing;
}

void run(double rate, std::size_t tokens, std::size_t rounds) {
  std::printf("%.0f tokens/s a stream, %zu tokens an answer, %zu answers a stream, all streams start at once\n", rate,
              tokens, rounds);
  std::printf("                     raw: first token     replay: first token    between tokens      us/token\n");
  std::printf(
      "streams   tokens/s    mean ms   p99 ms      mean ms   p99 ms    mean ms   p99 ms   replay /  raw   MiB\n");
  for (const std::size_t streams : {1U, 10U, 100U, 256U, 500U, 1000U}) {
    const Load load{streams * rounds, tokens, streams};
    auto raw = measure(load, rate, [&](int port, Timing& timing) {
      RawReader(port, load, [&](MonoTime at, std::string_view token) {
        timing.first_token.add(between(time_in(token), at));
      }).run();
    });
    auto ours = measure(load, rate, [&](int port, Timing& timing) {
      replay_load(port, load, [&](const auto& attempt) { note(attempt, timing); });
    });
    std::printf("%7zu %10.0f %10.3f %8.3f %12.3f %8.3f %10.3f %8.3f %8.2f %6.2f %5.0f\n", streams,
                ours.tokens_per_second, raw.first_token.mean(), raw.first_token.percentile(0.99),
                ours.first_token.mean(), ours.first_token.percentile(0.99), ours.between_tokens.mean(),
                ours.between_tokens.percentile(0.99), ours.client_us_per_token, raw.client_us_per_token,
                resident_mib());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace ipw::bench

int main(int count, char** words) {
  const auto number = [&](int i, double fallback) {
    return count > i ? std::max(std::strtod(words[i], nullptr), 1.0) : fallback;
  };
  ipw::bench::run(number(1, 50), static_cast<std::size_t>(number(2, 100)), static_cast<std::size_t>(number(3, 3)));
}
