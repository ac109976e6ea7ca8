#include "exporter/web/connection_loop.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ipw::web {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUnsentBytes = 64U << 20U;

MonoTime now_mono() {
  return std::chrono::steady_clock::now();
}

short events_of(Connection::Phase phase) {
  return phase == Connection::Phase::writing ? POLLOUT : POLLIN;
}

}  // namespace

ConnectionLoop::ConnectionLoop(const ServerOptions& options, Answer answer)
    : options_(options), answer_(std::move(answer)) {}

void ConnectionLoop::adopt(Socket socket) {
  newcomers_.with([&](auto& waiting) { waiting.push_back(std::move(socket)); });
  waker_.wake();
}

void ConnectionLoop::run(std::stop_token stop, WorkerPool& workers) {
  const std::stop_callback wake(stop, [this] { waker_.wake(); });
  while (!stop.stop_requested()) {
    wait(now_mono());
    const auto now = now_mono();
    deliver_replies(now);
    for (auto& [id, connection] : connections_) advance(id, connection, now, workers);
    bound_unsent();
    std::erase_if(connections_, [](const auto& entry) { return entry.second.phase() == Connection::Phase::closed; });
    take_newcomers(now);  // last, so that no complete request loses its place to a newcomer
  }
}

// Lets every connection proceed whose socket is ready.
void ConnectionLoop::wait(MonoTime now) {
  auto until = MonoTime::max();
  polled_.assign({{waker_.fd(), POLLIN, 0}});
  for (const auto& [id, connection] : connections_) {
    // A hang-up would end every poll while the reply is being made: it is noticed when that is sent.
    const bool working = connection.phase() == Connection::Phase::working;
    polled_.push_back({working ? -1 : connection.fd(), events_of(connection.phase()), 0});
    if (!working) until = std::min(until, connection.deadline());
  }
  int timeout = -1;
  if (until != MonoTime::max())
    timeout = static_cast<int>(std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(until - now)).count());
  if (::poll(polled_.data(), polled_.size(), timeout) < 0) return;

  if (polled_[0].revents != 0) waker_.clear();
  const auto woken = now_mono();
  auto entry = polled_.begin() + 1;
  for (auto& [id, connection] : connections_)
    if ((entry++)->revents != 0) connection.proceed(woken);
}

void ConnectionLoop::deliver_replies(MonoTime now) {
  auto replies = replies_.with([](auto& made) { return std::exchange(made, {}); });
  for (auto& [id, reply] : replies)
    if (const auto found = connections_.find(id); found != connections_.end())
      found->second.reply(std::move(reply), now);
}

void ConnectionLoop::take_newcomers(MonoTime now) {
  auto newcomers = newcomers_.with([](auto& waiting) { return std::exchange(waiting, {}); });
  for (auto& socket : newcomers) {
    if (connections_.size() >= options_.max_connections) make_room();
    if (connections_.size() < options_.max_connections)
      connections_.try_emplace(next_id_++, std::move(socket), options_, now);
  }
}

void ConnectionLoop::advance(Id id, Connection& connection, MonoTime now, WorkerPool& workers) {
  if (auto head = connection.take_head(now)) {
    const bool accepted = workers.try_run([this, id, text = std::move(*head)] {
      Reply reply = answer_(text);
      replies_.with([&](auto& made) { made.emplace_back(id, std::move(reply)); });
      waker_.wake();
    });
    if (!accepted) connection.reply(refusal(503, "too many requests at once"), now);
  }
  const auto phase = connection.phase();
  if (phase != Connection::Phase::working && phase != Connection::Phase::closed && now >= connection.deadline())
    connection.expire(now);
}

void ConnectionLoop::bound_unsent() {
  const auto unsent = [&] {
    std::size_t all = 0;
    for (const auto& [id, connection] : connections_) all += connection.unsent();
    return all;
  };
  while (unsent() > kMaxUnsentBytes && close_longest_waiting(Connection::Phase::writing)) {
  }
}

bool ConnectionLoop::close_longest_waiting(Connection::Phase phase) {
  auto longest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it)
    if (it->second.phase() == phase && (longest == connections_.end() || it->second.since() < longest->second.since()))
      longest = it;
  if (longest == connections_.end()) return false;
  connections_.erase(longest);
  return true;
}

void ConnectionLoop::make_room() {
  for (const auto phase : {Connection::Phase::draining, Connection::Phase::reading, Connection::Phase::writing})
    if (close_longest_waiting(phase)) return;
}

}  // namespace ipw::web
