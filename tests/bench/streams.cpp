// What streaming costs on the client's side: the replayer against a demo server without pacing, beside readers that
// throw the bytes away. The server is a process of its own, so that its CPU time is not the client's.
//
//   streams [QUERIES [TOKENS]]    queries per row (default 4000), tokens per answer (default 256)

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "replay/demo_server.hpp"
#include "replay/replayer.hpp"

namespace ipw::replay {
namespace {

struct Load {
  std::size_t queries, tokens;
};

std::string query_id(std::size_t i) {
  return "bench/" + std::to_string(i);
}

std::string corpus_text(const Load& load) {
  std::string text;
  for (std::size_t i = 0; i < load.queries; ++i)
    text += R"({"id":")" + query_id(i) + R"(","problem":"What comes after )" + std::to_string(i) +
            R"(?","answer":"x","judge":"exact"})"
            "\n";
  return text;
}

std::string answers_text(const Load& load) {
  std::string answer;
  for (std::size_t i = 0; i < load.tokens; ++i) answer += " abc";
  std::string text;
  for (std::size_t i = 0; i < load.queries; ++i)
    text += R"({"id":")" + query_id(i) + R"(","text":")" + answer + "\"}\n";
  return text;
}

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "streams: %s\n", why.c_str());
  std::_Exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error().message);
  return *std::move(result);
}

// A demo server in a child process that ends with its parent.
class ServerProcess {
 public:
  explicit ServerProcess(const Load& load) {
    std::array<int, 2> port_pipe{}, life_pipe{};
    if (::pipe(port_pipe.data()) != 0 || ::pipe(life_pipe.data()) != 0) die("no pipes");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(life_pipe[1]);
      serve(load, port_pipe[1], life_pipe[0]);
    }
    life_ = life_pipe[1];
    ::close(port_pipe[1]);
    if (::read(port_pipe[0], &port_, sizeof port_) != sizeof port_) die("the server did not start");
  }
  ~ServerProcess() {
    ::close(life_);
    ::waitpid(pid_, nullptr, 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }
  double cpu_seconds() const {
    clockid_t clock{};
    timespec used{};
    ::clock_getcpuclockid(pid_, &clock);
    ::clock_gettime(clock, &used);
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }

 private:
  [[noreturn]] static void serve(const Load& load, int port_pipe, int life_pipe) {
    const auto corpus = CorpusReader::from_text("bench", "");
    const std::shared_ptr<const Recordings> answers = must(Recordings::from_text("bench", answers_text(load), *corpus));
    const auto server = must(DemoServer::start({{"bench", answers, Seconds{0}, 0}}));
    const int port = server->port();
    char end = 0;
    if (::write(port_pipe, &port, sizeof port) == sizeof port) (void)!::read(life_pipe, &end, 1);
    std::_Exit(0);
  }

  pid_t pid_{};
  int port_{}, life_{-1};
};

// Reads responses on one connection and looks only for their ends.
void throw_away(int port, const Load& load, std::atomic<std::size_t>& next) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("cannot connect");
  const std::string body = R"({"model":"bench","stream":true,"stream_options":{"include_usage":true},)"
                           R"("messages":[{"role":"user","content":"?"}]})";
  std::vector<char> bytes(64U << 10U);
  for (std::size_t i = next++; i < load.queries; i = next++) {
    const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nX-Query-Id: " + query_id(i) +
                                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) die("cannot send");
    constexpr std::string_view kEnd = "\r\n0\r\n\r\n";
    std::string tail;
    while (tail != kEnd) {
      const auto count = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (count <= 0) die("the stream was cut");
      const std::string_view got(bytes.data(), static_cast<std::size_t>(count));
      tail.append(got.substr(got.size() - std::min(got.size(), kEnd.size())));
      tail.erase(0, tail.size() - std::min(tail.size(), kEnd.size()));
    }
  }
  ::close(fd);
}

void read_raw(int port, const Load& load, std::size_t streams) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> readers;
  for (std::size_t i = 0; i < streams; ++i) readers.emplace_back([&] { throw_away(port, load, next); });
}

Options closed_loop(std::size_t streams) {
  OptionsNode mode, concurrency, root;
  mode.kind = concurrency.kind = OptionsNode::Kind::scalar;
  mode.text = "closed";
  concurrency.text = std::to_string(streams);
  root.kind = OptionsNode::Kind::map;
  root.entries = {{"mode", mode}, {"concurrency", concurrency}};
  return Options("bench", root);
}

void replay(int port, const Load& load, std::size_t streams) {
  static const SteadyClock clock;
  const auto bench = must(Bench::open(Options::none()));
  const auto corpus = corpus_text(load);
  std::atomic<std::size_t> answered_whole{0};
  QueryFeed::Plan plan;
  plan.open = [&]() -> Result<std::unique_ptr<CorpusReader>> { return CorpusReader::from_text("bench", corpus); };
  TransportOptions to_server;
  to_server.url = must(Url::parse("http://127.0.0.1:" + std::to_string(port) + "/v1"));
  to_server.streams = streams;
  auto schedule = closed_loop(streams);
  auto request = Options::none();

  Replayer::Parts parts;
  parts.id_prefix = "bench-";
  parts.dialect = must(must(dialects().find("openai"))("bench", request));
  parts.transport = must(open_http_transport(std::move(to_server)));
  parts.pacing = must(open_pacing(schedule));
  parts.feed = std::make_unique<QueryFeed>(std::move(plan));
  parts.bench = bench.get();
  parts.clock = &clock;
  parts.events = [&](AttemptEvent event) {
    const auto* finished = std::get_if<Finished>(&event);
    if (finished && finished->attempt->usage.output_tokens == static_cast<std::int64_t>(load.tokens)) ++answered_whole;
  };
  Replayer replayer(std::move(parts));
  if (auto ok = replayer.run({}); !ok) die(ok.error().message);
  if (answered_whole != load.queries)
    die("only " + std::to_string(answered_whole) + " of " + std::to_string(load.queries) + " were answered whole");
}

double own_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Cost {
  double queries_per_second, tokens_per_second, client_us_per_token, server_us_per_token;
};

Cost measure(void (*client)(int, const Load&, std::size_t), const Load& load, std::size_t streams) {
  const ServerProcess server(load);
  client(server.port(), {std::min<std::size_t>(load.queries, 4 * streams), load.tokens}, streams);  // warm
  const auto begin = std::chrono::steady_clock::now();
  const double own = own_cpu_seconds(), servers = server.cpu_seconds();
  client(server.port(), load, streams);
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

int run(const Load& load) {
  std::printf("%zu queries of %zu tokens; client and server share this machine\n", load.queries, load.tokens);
  std::printf("streams  reader   queries/s     tokens/s client us/token server us/token\n");
  for (const std::size_t streams : {1U, 16U, 64U, 256U}) {
    const Cost raw = measure(read_raw, load, streams);
    print_row(streams, "raw", raw);
    const Cost replayed = measure(replay, load, streams);
    print_row(streams, "replay", replayed);
    std::printf("         replay / raw: %.2f of the queries/s, %.2f times the client's CPU\n",
                replayed.queries_per_second / raw.queries_per_second,
                replayed.client_us_per_token / raw.client_us_per_token);
  }
  return 0;
}

}  // namespace
}  // namespace ipw::replay

int main(int count, char** words) {
  const auto number = [&](int i, std::size_t fallback) {
    return count > i ? static_cast<std::size_t>(std::strtoul(words[i], nullptr, 10)) : fallback;
  };
  return ipw::replay::run({std::max<std::size_t>(number(1, 4000), 1), std::max<std::size_t>(number(2, 256), 1)});
}
