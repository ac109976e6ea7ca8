#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "replay/url.hpp"

struct addrinfo;

namespace ipw::replay {

struct FreeAddresses {
  void operator()(addrinfo* list) const;
};
using Addresses = std::shared_ptr<const addrinfo>;
// The addresses of a host in the order in which they are to be tried, or why there are none.
using Resolved = std::variant<Addresses, std::string>;

// Looks up the addresses of one host. Numeric addresses are answered at once; names by a thread of its own, because the
// system's lookup blocks and cannot be ended. The destructor waits for a lookup that is under way.
class Resolver {
 public:
  explicit Resolver(const Url& url) : url_(url) {}
  ~Resolver();

  // Calls `done` once: now, for a numeric address, or later on another thread. Who asks while a lookup is under way
  // shares its answer.
  void resolve(std::function<void(const Resolved&)> done);

 private:
  void work(const std::stop_token& stop);

  const Url url_;
  std::mutex mutex_;
  std::condition_variable_any asked_;
  std::vector<std::function<void(const Resolved&)>> waiting_;
  std::jthread thread_;  // made when it is needed
};

}  // namespace ipw::replay
