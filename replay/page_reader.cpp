#include "replay/page_reader.hpp"

#include <condition_variable>
#include <mutex>

namespace ipw::replay {
namespace {

constexpr std::size_t kMostBytes = 8U << 20U;

class PageSink final : public StreamSink {
 public:
  void sent(MonoTime) override {}
  void response(MonoTime, int status, const std::function<std::string(std::string_view)>&) override {
    page_.status = status;
  }
  bool bytes(MonoTime, std::string_view data) override {
    page_.body += data;
    if (page_.body.size() > kMostBytes) stop_.request_stop();
    return true;
  }
  void end(MonoTime, StreamEnd end) override {
    // Notified under the lock: the sink is gone as soon as its waiter gets that.
    std::lock_guard lock(mutex_);
    page_.end = std::move(end);
    ended_ = true;
    changed_.notify_all();
  }

  std::stop_source& stop() { return stop_; }
  Page wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_; });
    return std::move(page_);
  }

 private:
  Page page_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_{false};
};

}  // namespace

Page PageReader::get(const std::string& path, const std::stop_token& stop) {
  PageSink sink;
  const std::stop_callback on_stop(stop, [&] { sink.stop().request_stop(); });
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  request.headers = {{"Accept", "*/*"}};
  transport_->start(std::move(request), sink, sink.stop().get_token());
  return sink.wait();
}

}  // namespace ipw::replay
