#pragma once

#include <gtest/gtest.h>

#include "replay/transport.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/scripted_server.hpp"

namespace ipw::testing {

// Options for a transport to a server on loopback, with timeouts that no sound test reaches.
inline replay::TransportOptions transport_options(int port, std::string_view path = "") {
  replay::TransportOptions made;
  made.url = *replay::Url::parse("http://127.0.0.1:" + std::to_string(port) + std::string(path));
  made.timeouts = {Seconds{5}, Seconds{10}, Seconds{20}};
  return made;
}

inline std::unique_ptr<replay::Transport> open_transport(replay::TransportOptions made) {
  auto transport = replay::open_http_transport(std::move(made));
  EXPECT_TRUE(transport) << transport.error().message;
  return std::move(*transport);
}

inline replay::HttpRequest post(std::string body = "{}") {
  return {"POST", "/chat", {{"X-Query-Id", "q1"}}, std::move(body)};
}

// One request to a server that plays this script; how it ended.
inline replay::StreamEnd ask(ScriptedServer::Script script, RecordingSink& sink,
                             replay::StreamTimeouts timeouts = {Seconds{5}, Seconds{10}, Seconds{20}}) {
  ScriptedServer server(std::move(script));
  auto made = transport_options(server.port());
  made.timeouts = timeouts;
  const auto transport = open_transport(std::move(made));
  transport->start(post(), sink, {});
  return sink.await_end();
}

// Answers every request on the connection with the same bytes.
inline ScriptedServer::Script answer(std::string response) {
  return [response = std::move(response)](Peer& peer) {
    while (!peer.read_request().empty()) peer.send(response);
  };
}

}  // namespace ipw::testing
