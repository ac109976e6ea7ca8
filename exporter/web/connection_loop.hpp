#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.hpp"
#include "exporter/web/connection.hpp"
#include "exporter/web/http_server.hpp"
#include "exporter/web/reply.hpp"
#include "exporter/web/socket.hpp"
#include "exporter/web/worker_pool.hpp"

namespace ipw::web {

// Waits for all connections at once, on the one thread that calls run(). Complete requests go to the workers, whose
// replies come back and are sent from here. What is kept is bounded in number of connections and in unsent bytes:
// beyond it the connection that has waited longest is closed.
class ConnectionLoop {
 public:
  // From the head of a request to its reply; called by the workers.
  using Answer = std::function<Reply(std::string head)>;
  // `options` outlives the loop.
  ConnectionLoop(const ServerOptions& options, Answer answer);

  // Takes over an accepted connection. Thread-safe, returns at once.
  void adopt(Socket socket);

  // Serves until `stop` is requested; then no task on `workers` is begun any more, but those begun may still end.
  void run(std::stop_token stop, WorkerPool& workers);

 private:
  using Id = std::uint64_t;

  void wait(MonoTime now);
  void deliver_replies(MonoTime now);
  void take_newcomers(MonoTime now);
  void advance(Id id, Connection& connection, MonoTime now, WorkerPool& workers);
  void bound_unsent();
  bool close_longest_waiting(Connection::Phase phase);
  void make_room();

  const ServerOptions& options_;
  const Answer answer_;
  Waker waker_;
  std::map<Id, Connection> connections_;
  Id next_id_{1};
  std::vector<pollfd> polled_;
  // From other threads, not yet taken up by the loop.
  Guarded<std::vector<Socket>> newcomers_;
  Guarded<std::vector<std::pair<Id, Reply>>> replies_;
};

}  // namespace ipw::web
