#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/dialect.hpp"
#include "replay/gate.hpp"
#include "replay/page_reader.hpp"
#include "replay/server_identity.hpp"
#include "replay/server_load.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// How much room a target leaves to the others that use its server.
struct Politeness {
  bool ask_load{true};
  std::optional<Url> load_url;  // of the page that shows the load; without it the dialect's
  LoadMetrics metrics;
  std::optional<std::int64_t> max_foreign, max_waiting;  // beyond them nothing is sent; without: no limit
  Seconds poll{1};
};

// Watches one server: whether it is ready (its health page and its list of models), and how loaded it is (its own
// metrics), and what it runs. Nothing is sent to a server that is not ready, nor to one that is busier than politeness
// allows.
//
// Readiness is asked for at the start, and again when an attempt tells that something is wrong, because some servers
// generate a token to answer; the load at every poll. A page that a server does not have counts as a good answer.
//
// A thread of its own asks; the replayer's calls the gate.
class ServerWatch final : public Gate {
 public:
  struct Plan {
    std::size_t target{0};
    std::string model;
    ServerPages pages;
    Politeness politeness;
    Seconds ready_timeout{60};  // after so long without a ready server a single pass ends; 0: it need not be ready
    const Clock* clock{nullptr};
    std::shared_ptr<OwnRequests> own{std::make_shared<OwnRequests>()};  // shared by the targets of one server
    EventSink events;  // gets what is seen of the load, from the watch's thread
  };
  // `transport` is the target's own, of which the watch makes two of shorter patience. Errors: as
  // open_http_transport().
  static Result<std::unique_ptr<ServerWatch>> open(Plan plan, const TransportOptions& transport);

  std::optional<Hold> hold(MonoTime now) override;
  void started(const Started& event) override;
  void ended(Attempt& attempt) override;

 private:
  struct State {
    State(Seconds keep, MonoTime now) : since(now), load(keep) {}
    bool ready{false}, ask{true};  // ask: whether it is still ready is to be found out
    std::string why{"the server has not been asked yet"};
    MonoTime since;  // when it was found to be not ready
    LoadHistory load;
    std::stop_source wake;
  };
  ServerWatch(Plan plan, Seconds look_back, std::unique_ptr<Transport> server, std::unique_ptr<Transport> load);

  void run(const std::stop_token& stop);
  void ask_ready(const std::stop_token& stop);
  std::optional<std::string> not_ready(const std::stop_token& stop);
  void ask_load(const std::stop_token& stop);
  LoadCounts counts_of(const Page& page);
  void ask_identity(const std::stop_token& stop);
  void close(State& state, const std::string& why) const;
  bool gated() const { return plan_.ready_timeout.value > 0 && !(plan_.pages.health + plan_.pages.models).empty(); }
  bool limited() const { return plan_.politeness.max_foreign || plan_.politeness.max_waiting; }
  std::optional<Hold> busy(const State& state, MonoTime now) const;

  const Plan plan_;
  PageReader server_;
  std::optional<PageReader> load_server_;    // where it is another one
  std::string load_path_;                    // "": the load is not asked for
  LoadCounts told_;                          // what the events were told last
  int skip_{0};                              // polls of the load to leave out
  bool says_nothing_{false};                 // the page without the names was reported
  std::vector<std::string> identity_pages_;  // those that the server has
  std::optional<ServerIdentity> identity_;   // what the events were told last
  MonoTime identity_at_{};                   // when it was asked last
  Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace ipw::replay
