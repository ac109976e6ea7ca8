#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "replay/transport.hpp"

namespace ipw::testing {

// Keeps what a transport says about one stream. Thread-safe.
class RecordingSink final : public replay::StreamSink {
 public:
  // Called for each piece of the body, on the transport's thread; says whether the first token has been seen.
  explicit RecordingSink(std::function<bool(std::string_view)> on_bytes = [](std::string_view) { return true; })
      : on_bytes_(std::move(on_bytes)) {}

  void sent(MonoTime at) override { note("sent"), sent_at = at; }
  void response(MonoTime at, int code, const std::function<std::string(std::string_view)>& header) override {
    note("response");
    response_at = at;
    status = code;
    retry_after = header("retry-after");
  }
  bool bytes(MonoTime at, std::string_view data) override {
    {
      std::lock_guard lock(mutex_);
      if (calls.empty() || calls.back() != "bytes") calls.emplace_back("bytes");
      body += data;
      stamps.push_back(at);
    }
    changed_.notify_all();
    return on_bytes_(data);
  }
  void end(MonoTime at, replay::StreamEnd how) override {
    std::lock_guard lock(mutex_);
    calls.emplace_back("end");
    ended_at = at;
    ended = std::move(how);
    changed_.notify_all();
  }

  const replay::StreamEnd& await_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended.has_value(); });
    return *ended;
  }
  void await_body(std::string_view beginning) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return body.starts_with(beginning); });
  }

  // To be read after await_end().
  std::vector<std::string> calls;
  std::string body, retry_after;
  int status{0};
  MonoTime sent_at, response_at, ended_at;
  std::vector<MonoTime> stamps;
  std::optional<replay::StreamEnd> ended;

 private:
  void note(const char* call) {
    std::lock_guard lock(mutex_);
    calls.emplace_back(call);
  }

  std::function<bool(std::string_view)> on_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace ipw::testing
