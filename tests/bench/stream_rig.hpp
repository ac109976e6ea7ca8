#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replay/demo_server.hpp"
#include "replay/replayer.hpp"

// What the benchmarks of streaming share: a server in a process of its own, a reader that throws the bytes away, and
// the replayer, each answering for its own CPU time.
namespace ipw::bench {

[[noreturn]] inline void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error().message);
  return *std::move(result);
}

struct Load {
  std::size_t queries, tokens, streams;
};

// An answer of so many tokens for each query of a load, as the demo server counts them.
inline std::shared_ptr<const replay::Recordings> answers_to(const Load& load) {
  std::string answer, all;
  for (std::size_t i = 0; i < load.tokens; ++i) answer += " abc";
  for (std::size_t i = 0; i < load.queries; ++i)
    all += R"({"id":")" + std::to_string(i) + R"(","text":")" + answer + "\"}\n";
  const auto corpus = replay::CorpusReader::from_text("bench", "");
  return must(replay::Recordings::from_text("bench", all, *corpus));
}

// A demo server in a child process that ends with its parent, so that its CPU time is not the client's.
class ServerProcess {
 public:
  explicit ServerProcess(replay::DemoModel model) {
    std::array<int, 2> port_pipe{}, life_pipe{};
    if (::pipe(port_pipe.data()) != 0 || ::pipe(life_pipe.data()) != 0) die("no pipes");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(life_pipe[1]);
      model.name = "bench";
      const auto server = must(replay::DemoServer::start({std::move(model)}));
      const int port = server->port();
      char end = 0;
      if (::write(port_pipe[1], &port, sizeof port) == sizeof port) (void)!::read(life_pipe[0], &end, 1);
      std::_Exit(0);
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
  pid_t pid_{};
  int port_{}, life_{-1};
};

inline double own_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// The time that a token of the server states.
inline MonoTime time_in(std::string_view token) {
  return MonoTime(std::chrono::nanoseconds(std::strtoll(std::string(token.substr(0, 16)).c_str(), nullptr, 16)));
}

// Reads responses with one thread and one read call at a time, and looks only for their first tokens and their ends.
// Calls `first` with when the first token was read, and what it says.
class RawReader {
 public:
  RawReader(int port, const Load& load, std::function<void(MonoTime, std::string_view)> first)
      : port_(port), load_(load), first_(std::move(first)), epoll_(::epoll_create1(0)) {}
  ~RawReader() { ::close(epoll_); }

  void run() {
    for (std::size_t i = 0; i < std::min(load_.streams, load_.queries); ++i) open();
    std::array<epoll_event, 256> ready;
    while (done_ < load_.queries) {
      const int count = ::epoll_wait(epoll_, ready.data(), ready.size(), 10'000);
      if (count <= 0) die("the server stands still");
      for (int i = 0; i < count; ++i) read(ready[static_cast<std::size_t>(i)].data.fd);
    }
    for (const auto& [fd, stream] : streams_) ::close(fd);
  }

 private:
  struct Stream {
    std::string tail;
    bool first_seen{false};
  };

  void open() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("cannot connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    ask(fd);
  }
  void ask(int fd) {
    if (begun_ == load_.queries) return;
    streams_[fd] = {};
    const std::string body = R"({"model":"bench","stream":true,"stream_options":{"include_usage":true},"max_tokens":)" +
                             std::to_string(load_.tokens) + R"(,"messages":[{"role":"user","content":"?"}]})";
    const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nX-Query-Id: " + std::to_string(begun_++) +
                                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) die("cannot send");
  }
  void read(int fd) {
    constexpr std::string_view kEnd = "\r\n0\r\n\r\n", kToken = R"("content":")";
    const auto count = ::recv(fd, bytes_.data(), bytes_.size(), 0);
    const auto at = std::chrono::steady_clock::now();
    if (count <= 0) die("the stream was cut");
    const std::string_view got(bytes_.data(), static_cast<std::size_t>(count));
    auto& stream = streams_[fd];
    for (auto found = got.find(kToken); !stream.first_seen && found != std::string_view::npos;
         found = got.find(kToken, found + 1)) {
      const auto token = got.substr(found + kToken.size());
      if (token.starts_with('"')) continue;  // the role's
      stream.first_seen = true;
      first_(at, token);
    }
    stream.tail.append(got.substr(got.size() - std::min(got.size(), kEnd.size())));
    stream.tail.erase(0, stream.tail.size() - std::min(stream.tail.size(), kEnd.size()));
    if (stream.tail != kEnd) return;
    ++done_;
    ask(fd);
  }

  const int port_;
  const Load load_;
  const std::function<void(MonoTime, std::string_view)> first_;
  const int epoll_;
  std::size_t begun_{0}, done_{0};
  std::unordered_map<int, Stream> streams_;
  std::array<char, 64U << 10U> bytes_{};
};

inline Options options_of(std::vector<std::pair<std::string, std::string>> entries) {
  OptionsNode root;
  root.kind = OptionsNode::Kind::map;
  for (auto& [name, value] : entries) {
    OptionsNode node;
    node.kind = OptionsNode::Kind::scalar;
    node.text = std::move(value);
    root.entries.emplace_back(std::move(name), std::move(node));
  }
  return Options("bench", root);
}

// Replays the load; every finished attempt is given to `finished`, on the replayer's thread.
inline void replay_load(int port, const Load& load, const std::function<void(const replay::Attempt&)>& finished) {
  using namespace replay;
  static const SteadyClock clock;
  const auto bench = must(Bench::open(Options::none()));
  std::string corpus;
  for (std::size_t i = 0; i < load.queries; ++i)
    corpus += R"({"id":")" + std::to_string(i) +
              R"(","problem":"?","answer":"x","judge":"exact"})"
              "\n";
  QueryFeed::Plan plan;
  plan.open = [&]() -> Result<std::unique_ptr<CorpusReader>> { return CorpusReader::from_text("bench", corpus); };
  TransportOptions to_server;
  to_server.url = must(Url::parse("http://127.0.0.1:" + std::to_string(port) + "/v1"));
  to_server.streams = load.streams;
  auto schedule = options_of({{"mode", "closed"}, {"concurrency", std::to_string(load.streams)}});
  auto request = options_of({{"max_tokens", std::to_string(load.tokens)}});

  Replayer::Parts parts;
  parts.id_prefix = "bench-";
  parts.dialect = must(must(dialects().find("openai"))("bench", request));
  parts.transport = must(open_http_transport(std::move(to_server)));
  parts.pacing = must(open_pacing(schedule));
  parts.feed = std::make_unique<QueryFeed>(std::move(plan));
  parts.bench = bench.get();
  parts.clock = &clock;
  std::size_t whole = 0;
  parts.events = [&](AttemptEvent event) {
    const auto* end = std::get_if<Finished>(&event);
    if (end == nullptr) return;
    if (end->attempt->usage.output_tokens == static_cast<std::int64_t>(load.tokens)) ++whole;
    finished(*end->attempt);
  };
  if (auto ok = Replayer(std::move(parts)).run({}); !ok) die(ok.error().message);
  if (whole != load.queries)
    die("only " + std::to_string(whole) + " of " + std::to_string(load.queries) + " were answered whole");
}

}  // namespace ipw::bench
