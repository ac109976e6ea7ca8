#pragma once

#include <httplib.h>

#include <mutex>
#include <string>
#include <thread>

namespace ipw::testing {

// GET /load, answered as the test says.
class LoadServer {
 public:
  LoadServer() : port_(server_.bind_to_any_port("127.0.0.1")) {
    server_.Get("/load", [this](const auto&, auto& response) {
      std::lock_guard lock(mutex_);
      response.status = status_;
      response.set_content(text_, "text/plain");
    });
    server_.set_keep_alive_timeout(1);  // stop() waits for it
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~LoadServer() { server_.stop(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/load"; }
  void answer(std::string text, int status = 200) {
    std::lock_guard lock(mutex_);
    text_ = std::move(text);
    status_ = status;
  }

 private:
  std::mutex mutex_;
  std::string text_{"running 0\nquery_seconds 0\n"};
  int status_{200};
  httplib::Server server_;
  int port_;
  std::jthread thread_;
};

}  // namespace ipw::testing
