#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "exporter/web/http_server.hpp"
#include "exporter/web/reply.hpp"
#include "exporter/web/socket.hpp"

namespace ipw::web {

// One client: collects the head of a request, waits for its reply, sends it, and begins again, step by step and without
// ever blocking. Every phase but `working` has a deadline. Owned by the loop's thread.
class Connection {
 public:
  enum class Phase {
    reading,   // idle, or a part of a head is there
    working,   // the head was taken; the reply is being made
    writing,   // a part of the reply is sent
    draining,  // the reply is sent and our side closed: what still comes is thrown away, so that the reply is not reset
    closed,
  };

  // `options` outlives the connection.
  Connection(Socket socket, const ServerOptions& options, MonoTime now);

  int fd() const { return socket_.fd(); }
  Phase phase() const { return phase_; }
  MonoTime since() const { return since_; }        // when this phase began
  MonoTime deadline() const { return deadline_; }  // of this phase; REQUIRES: not working
  std::size_t unsent() const { return out_.size() - sent_; }

  // The socket is ready for what the phase waits for.
  void proceed(MonoTime now);
  // Once per request: its head, when it is complete. The connection works from then on, until reply().
  std::optional<std::string> take_head(MonoTime now);
  void reply(Reply reply, MonoTime now);
  // The deadline has passed: half a request is told so, everything else just ends.
  void expire(MonoTime now);
  void close() { phase_ = Phase::closed; }

 private:
  void read(MonoTime now);
  void write(MonoTime now);
  void drain();
  void enter(Phase phase, MonoTime now, Seconds time_limit);

  Socket socket_;
  const ServerOptions& options_;
  Phase phase_{Phase::reading};
  MonoTime since_, deadline_;
  std::string in_;           // at most max_header_bytes and one read more
  std::size_t searched_{0};  // no head ends before this
  std::string out_;
  std::size_t sent_{0};
  bool close_after_{false};
};

}  // namespace ipw::web
