#include "replay/resolver.hpp"

#include <netdb.h>

#include <utility>

namespace ipw::replay {
namespace {

Resolved look_up(const Url& url, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
  if (error != 0) return "cannot resolve `" + url.host + "`: " + ::gai_strerror(error);
  return Addresses(list, FreeAddresses{});
}

}  // namespace

void FreeAddresses::operator()(addrinfo* list) const {
  ::freeaddrinfo(list);
}

Resolver::~Resolver() {
  thread_.request_stop();
}

void Resolver::resolve(std::function<void(const Resolved&)> done) {
  if (auto numeric = look_up(url_, AI_NUMERICHOST); std::holds_alternative<Addresses>(numeric)) return done(numeric);
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(done));
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  asked_.notify_one();
}

void Resolver::work(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!asked_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
    }
    const auto resolved = look_up(url_, 0);
    std::unique_lock lock(mutex_);
    const auto waiting = std::exchange(waiting_, {});
    lock.unlock();
    for (const auto& done : waiting) done(resolved);
  }
}

}  // namespace ipw::replay
