#include <event2/event.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "replay/header_text.hpp"
#include "replay/http_exchange.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {
namespace {

// While requests run, how late the loop is at a time that was set shows how late it may have been at what it read: of
// packets that pile up, the kernel keeps only the last one's time.
constexpr auto kBeat = std::chrono::milliseconds(20);

void end_unsent(StreamSink& sink) {
  sink.end(std::chrono::steady_clock::now(), {StreamEnd::Cause::cancelled, "cancelled before it was sent", {}});
}

// One event loop serves every stream. It knows no other thread but by what they leave in its inbox.
class HttpTransport final : public Transport {
 public:
  HttpTransport(HttpSite site, std::size_t streams);
  ~HttpTransport() override { loop_.stop(); }

  void start(HttpRequest request, StreamSink& sink, std::stop_token stop) override;

 private:
  struct Cancel {
    HttpTransport& transport;
    std::uint64_t id;
    void operator()() const { transport.post(id, Cancelled{}); }
  };
  struct Job {
    HttpRequest request;
    StreamSink* sink;
    std::stop_token stop;
  };
  struct Stream {
    explicit Stream(Job of) : job(std::move(of)) {}
    Job job;
    std::unique_ptr<HttpExchange> exchange;  // null while it waits for its turn
    std::optional<std::stop_callback<Cancel>> on_stop;
  };
  // What other threads have to say about a stream.
  struct Cancelled {};
  using Message = std::variant<Job, Cancelled, Resolved>;

  void post(std::uint64_t id, Message message);
  void read_inbox();
  void accept(std::uint64_t id, Job job);
  void cancel(std::uint64_t id);
  void send_waiting();
  std::optional<HttpSocket> kept_connection();
  void reap();
  void beat();
  void end_all();

  HttpSite site_;
  const std::size_t streams_;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, Message>> inbox_;
  std::atomic<std::uint64_t> last_id_{0};

  // Of the loop's thread.
  std::unordered_map<std::uint64_t, std::unique_ptr<Stream>> all_;
  std::deque<std::uint64_t> waiting_;
  std::size_t running_{0};
  std::vector<std::uint64_t> over_;
  std::vector<HttpSocket> idle_;
  Inflow inflow_;

  EventLoop loop_;
  Event deliver_, reap_, beat_;
  MonoTime beat_due_{};
  Resolver resolver_;
};

HttpTransport::HttpTransport(HttpSite site, std::size_t streams)
    : site_(std::move(site)),
      streams_(streams),
      loop_([this] { read_inbox(); }, [this] { end_all(); }),
      deliver_(loop_.make_event(
          -1, 0, [](int, short, void* self) { static_cast<HttpTransport*>(self)->inflow_.deliver(); }, this)),
      reap_(loop_.make_event(
          -1, 0, [](int, short, void* self) { static_cast<HttpTransport*>(self)->reap(); }, this)),
      beat_(loop_.make_event(
          -1, 0, [](int, short, void* self) { static_cast<HttpTransport*>(self)->beat(); }, this)),
      resolver_(site_.url) {
  site_.loop = &loop_;
  site_.inflow = &inflow_;
  site_.deliver = deliver_.get();
  site_.resolve = [this](HttpExchange& exchange) {
    resolver_.resolve([this, id = exchange.id()](const Resolved& addresses) { post(id, addresses); });
  };
  site_.over = [this](HttpExchange& exchange) {
    over_.push_back(exchange.id());
    event_active(reap_.get(), 0, 0);
  };
  loop_.start();
}

void HttpTransport::start(HttpRequest request, StreamSink& sink, std::stop_token stop) {
  post(++last_id_, Job{std::move(request), &sink, std::move(stop)});
}

void HttpTransport::post(std::uint64_t id, Message message) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = inbox_.empty();
    inbox_.emplace_back(id, std::move(message));
  }
  if (first) loop_.wake();
}

void HttpTransport::read_inbox() {
  std::vector<std::pair<std::uint64_t, Message>> messages;
  {
    std::lock_guard lock(mutex_);
    messages.swap(inbox_);
  }
  for (auto& [id, message] : messages) {
    if (auto* job = std::get_if<Job>(&message)) {
      accept(id, std::move(*job));
    } else if (std::holds_alternative<Cancelled>(message)) {
      cancel(id);
    } else if (const auto stream = all_.find(id); stream != all_.end()) {
      stream->second->exchange->resolved(std::get<Resolved>(message));
    }
  }
  send_waiting();
}

void HttpTransport::accept(std::uint64_t id, Job job) {
  if (job.stop.stop_requested()) return end_unsent(*job.sink);
  auto& stream = *all_.emplace(id, std::make_unique<Stream>(std::move(job))).first->second;
  stream.on_stop.emplace(stream.job.stop, Cancel{*this, id});
  waiting_.push_back(id);
}

void HttpTransport::cancel(std::uint64_t id) {
  const auto found = all_.find(id);
  if (found == all_.end()) return;
  if (found->second->exchange != nullptr) return found->second->exchange->cancel();
  const auto stream = std::move(all_.extract(found).mapped());
  std::erase(waiting_, id);
  end_unsent(*stream->job.sink);
}

void HttpTransport::send_waiting() {
  while (!waiting_.empty() && running_ < streams_) {
    const auto id = waiting_.front();
    waiting_.pop_front();
    auto& stream = *all_.at(id);
    stream.exchange = std::make_unique<HttpExchange>(id, site_, std::move(stream.job.request), *stream.job.sink);
    if (running_++ == 0) wait_until(*beat_, beat_due_ = std::chrono::steady_clock::now() + kBeat);
    stream.exchange->begin(kept_connection());
  }
}

std::optional<HttpSocket> HttpTransport::kept_connection() {
  while (!idle_.empty()) {
    auto socket = std::move(idle_.back());
    idle_.pop_back();
    if (socket.alive()) return socket;
  }
  return std::nullopt;
}

void HttpTransport::reap() {
  for (const auto id : over_) {
    const auto stream = std::move(all_.extract(id).mapped());
    if (auto socket = stream->exchange->release()) idle_.push_back(std::move(*socket));
    --running_;
  }
  over_.clear();
  send_waiting();
}

void HttpTransport::beat() {
  const auto now = std::chrono::steady_clock::now();
  const auto late = between(beat_due_, now);
  for (auto& [id, stream] : all_)
    if (stream->exchange != nullptr) stream->exchange->was_late(late);
  if (running_ > 0) wait_until(*beat_, beat_due_ = now + kBeat);
}

void HttpTransport::end_all() {
  for (auto& [id, message] : inbox_)
    if (const auto* job = std::get_if<Job>(&message)) end_unsent(*job->sink);
  for (auto& [id, stream] : all_)
    stream->exchange != nullptr ? stream->exchange->cancel() : end_unsent(*stream->job.sink);
  all_.clear();
}

}  // namespace

Result<std::unique_ptr<Transport>> open_http_transport(TransportOptions options) {
  for (const auto& [name, value] : options.headers)
    if (!is_header(name, value))
      return Error{Errc::invalid, "header `" + name + "` holds a line break or a control character"};
  HttpSite site;
  site.url = std::move(options.url);
  site.timeouts = options.timeouts;
  site.headers = std::move(options.headers);
  if (site.url.tls) {
    auto tls = TlsContext::open(options.ca_file);
    if (!tls) return tls.error();
    site.tls = std::move(*tls);
  }
  return std::make_unique<HttpTransport>(std::move(site), options.streams);
}

}  // namespace ipw::replay
