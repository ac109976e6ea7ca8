#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/certificates.hpp"

namespace httplib {
class Server;
}

namespace ipw::testing {

// A plug, BMC or exporter on loopback, on a port of its own, that answers what the test says: whole HTTP answers, each
// on a connection of its own. (For what is no HTTP at all, see ScriptedServer.) Thread-safe.
class MeterServer {
 public:
  struct Asked {
    std::string method, target, body;  // the target as it was sent, with its query
    std::multimap<std::string, std::string> headers;
    std::string header(const std::string& name) const;
  };
  struct Reply {
    std::string body;
    int status{200};
    std::vector<std::pair<std::string, std::string>> headers{};
  };
  enum class Scheme { none, basic, digest_md5, digest_sha256 };
  using Answerer = std::function<std::optional<Reply>(const Asked&)>;

  explicit MeterServer(const std::optional<Certificate>& tls = std::nullopt);
  ~MeterServer();
  MeterServer(const MeterServer&) = delete;
  MeterServer& operator=(const MeterServer&) = delete;

  // What a GET of `target` is answered with; 404 for any other.
  void page(const std::string& target, Reply reply);
  // Comes before the pages, where it answers at all.
  void answer(Answerer answerer);
  // Every request but those below `open` needs this login.
  void require(Scheme scheme, const std::string& user, const std::string& password, const std::string& open = "none");
  // While true, a request gets no answer at all.
  void hang(bool hangs);
  // Nobody listens until it is back, on the same port.
  void away();
  void back();

  int port() const { return port_; }
  std::string url() const;
  std::vector<std::string> asked() const;  // "GET /status"

 private:
  std::unique_ptr<httplib::Server> made();
  void listen();
  Reply reply_to(const Asked& asked);
  bool may_ask(const Asked& asked) const;

  std::optional<Certificate> tls_;
  int port_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Reply> pages_;
  Answerer answerer_;
  Scheme scheme_{Scheme::none};
  std::string user_, password_, open_;
  bool hangs_{false}, closing_{false};
  std::vector<std::string> asked_;
  std::unique_ptr<httplib::Server> server_;
  std::jthread listener_;
};

}  // namespace ipw::testing
