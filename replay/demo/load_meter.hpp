#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace ipw::replay::demo {

// How many requests are being answered, and the time integral of that number since the first. Exact: nanoseconds are
// added up as integers. Loop thread only.
class LoadMeter {
 public:
  // Counts one request for as long as it lives.
  class Request {
   public:
    explicit Request(LoadMeter& meter) : meter_(meter) { meter_.change(+1); }
    ~Request() { meter_.change(-1); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

   private:
    LoadMeter& meter_;
  };

  std::int64_t running() const { return running_; }
  // Up to this moment.
  std::chrono::nanoseconds integral() {
    change(0);
    return integral_;
  }

 private:
  void change(int by) {
    const auto now = std::chrono::steady_clock::now();
    integral_ += running_ * std::chrono::nanoseconds(now - since_);
    since_ = now;
    running_ += by;
  }

  std::int64_t running_{0};
  MonoTime since_{};  // the last change
  std::chrono::nanoseconds integral_{0};
};

}  // namespace ipw::replay::demo
