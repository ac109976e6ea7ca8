#include <csignal>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "replay/header_text.hpp"
#include "replay/http_client.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {
namespace {

// One thread per stream, made when needed and kept: each owns one client and so one connection. No thread waits for
// another while bytes come.
class HttpTransport final : public Transport {
 public:
  HttpTransport(HttpServer server, std::size_t streams) : server_(std::move(server)), streams_(streams) {}
  ~HttpTransport() override;

  void start(HttpRequest request, StreamSink& sink, std::stop_token stop) override;

 private:
  struct Job {
    HttpRequest request;
    StreamSink* sink;
    std::stop_token stop;
  };
  struct Worker {
    Wakeup wakeup;
    std::jthread thread;
  };
  void work(Worker& self);
  std::optional<Job> take(Worker& self);

  const HttpServer server_;
  const std::size_t streams_;
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::deque<Job> jobs_;
  std::size_t idle_{0};
  bool closing_{false};
  std::deque<Worker> workers_;  // does not move its elements
};

HttpTransport::~HttpTransport() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (auto& worker : workers_) worker.wakeup.raise();
  }
  job_came_.notify_all();
  for (auto& worker : workers_) worker.thread.join();
}

void HttpTransport::start(HttpRequest request, StreamSink& sink, std::stop_token stop) {
  std::lock_guard lock(mutex_);
  jobs_.push_back({std::move(request), &sink, std::move(stop)});
  if (jobs_.size() > idle_ && workers_.size() < streams_) {
    auto& worker = workers_.emplace_back();
    worker.thread = std::jthread([this, &worker] { work(worker); });
  } else {
    job_came_.notify_one();
  }
}

std::optional<HttpTransport::Job> HttpTransport::take(Worker& self) {
  std::unique_lock lock(mutex_);
  ++idle_;
  job_came_.wait(lock, [&] { return closing_ || !jobs_.empty(); });
  --idle_;
  if (jobs_.empty()) return std::nullopt;
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  // Under the lock, so that the destructor's wake-up is not the one that gets lost.
  self.wakeup.reset();
  if (closing_) self.wakeup.raise();
  return job;
}

void HttpTransport::work(Worker& self) {
  // TLS writes to sockets without MSG_NOSIGNAL.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

  HttpClient client(server_, self.wakeup);
  while (auto job = take(self)) {
    StreamEnd end;
    if (job->stop.stop_requested()) {
      end = {StreamEnd::Cause::cancelled, "cancelled before it was sent"};
    } else {
      std::stop_callback on_stop(job->stop, [&] { self.wakeup.raise(); });
      end = client.run(std::move(job->request), *job->sink);
    }
    job->sink->end(std::chrono::steady_clock::now(), std::move(end));
  }
}

}  // namespace

Result<std::unique_ptr<Transport>> open_http_transport(TransportOptions options) {
  for (const auto& [name, value] : options.headers)
    if (!is_header(name, value))
      return Error{Errc::invalid, "header `" + name + "` holds a line break or a control character"};
  HttpServer server{std::move(options.url), options.timeouts, std::move(options.headers), nullptr};
  if (server.url.tls) {
    auto tls = TlsContext::open(options.ca_file);
    if (!tls) return tls.error();
    server.tls = std::move(*tls);
  }
  return std::make_unique<HttpTransport>(std::move(server), options.streams);
}

}  // namespace ipw::replay
