// What one client does must not keep another from its answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "exporter/web/http_server.hpp"
#include "tests/support/raw_client.hpp"

namespace ipw::web {
namespace {

using namespace std::chrono_literals;
using ::ipw::testing::RawClient;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kHuge = 8U << 20U;  // more than the kernel buffers
constexpr const char* kGet = "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n";

// A page that is answered when the test says so.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open{false};
  int inside{0};

  void pass() {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  }
  void await(int n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside >= n; });
  }
  void release() {
    std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

class HostileClients : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    auto server = HttpServer::start(
        std::move(options), {{"/metrics", [](const Request&) { return Response{.body = "ipw_up 1\n"}; }},
                             {"/huge", [](const Request&) { return Response{.body = std::string(kHuge, 'x')}; }},
                             {"/big", [](const Request&) { return Response{.body = std::string(100'000, 'x')}; }},
                             {"/gate", [this](const Request&) {
                                gate_.pass();
                                return Response{.body = "through\n"};
                              }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void TearDown() override { gate_.release(); }

  // How long a whole scrape takes, from the connection on.
  std::chrono::milliseconds scrape() const {
    const auto began = steady_clock::now();
    const RawClient client(server_->port());
    client.send(kGet);
    EXPECT_THAT(client.read_to_end(5s), HasSubstr("ipw_up 1"));
    return std::chrono::ceil<std::chrono::milliseconds>(steady_clock::now() - began);
  }

  Gate gate_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HostileClients, IdleConnectionsDelayNobody) {
  start();
  std::vector<RawClient> idle;
  for (const std::size_t count : {8U, 100U, 255U}) {
    while (idle.size() < count) idle.emplace_back(server_->port());
    EXPECT_LT(scrape(), 200ms) << count << " fresh connections";
  }
  for (const auto& client : idle) {
    client.send("GET /metrics HTTP/1.1\r\n\r\n");
    client.read_until("ipw_up 1\n");
  }
  EXPECT_LT(scrape(), 200ms) << "255 kept alive";
}

TEST_F(HostileClients, ANewcomerTakesThePlaceOfTheLongestIdle) {
  start({.max_connections = 4});
  std::vector<RawClient> idle;
  for (int i = 0; i < 4; ++i) idle.emplace_back(server_->port());
  EXPECT_LT(scrape(), 200ms);
  EXPECT_TRUE(idle[0].closed_within(5s));
  idle[3].send(kGet);
  EXPECT_THAT(idle[3].read_to_end(), HasSubstr("ipw_up 1")) << "the others stay";
}

TEST_F(HostileClients, DrippingClientsDelayNobodyAndAreEnded) {
  start({.request_deadline = Seconds{0.5}});
  std::vector<RawClient> dripping;
  for (int i = 0; i < 64; ++i) dripping.emplace_back(server_->port());
  const auto began = steady_clock::now();
  while (steady_clock::now() - began < 300ms) {
    for (const auto& client : dripping) client.send("G");
    EXPECT_LT(scrape(), 200ms);
  }
  for (const auto& client : dripping) {
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408 "));
  }
  EXPECT_LT(steady_clock::now() - began, 5s);
}

TEST_F(HostileClients, TheDeadlineRunsFromTheFirstByteHoweverManyFollow) {
  start({.request_deadline = Seconds{0.3}});
  const RawClient client(server_->port());
  const auto began = steady_clock::now();
  std::string answer;
  while (answer.empty() && steady_clock::now() - began < 5s) {
    client.send("X");
    answer = client.read_until("\r\n\r\n", 20ms);
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
  EXPECT_GE(steady_clock::now() - began, 300ms);
}

TEST_F(HostileClients, SlowReadersDelayNobodyAndAreEnded) {
  start({.workers = 2, .request_deadline = Seconds{1}});
  std::vector<RawClient> slow;
  for (int i = 0; i < 5; ++i) {
    slow.emplace_back(server_->port(), 4096);
    slow.back().send("GET /huge HTTP/1.1\r\n\r\n");
  }
  for (const auto& client : slow) EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(scrape(), 200ms);
  std::this_thread::sleep_for(1200ms);  // beyond their deadline without reading a byte
  for (const auto& client : slow) EXPECT_LT(client.read_to_end().size(), kHuge - 65536) << "was cut";
}

TEST_F(HostileClients, WhatSlowReadersKeepInMemoryIsBounded) {
  start({.request_deadline = Seconds{60}});
  std::vector<RawClient> slow;
  for (int i = 0; i < 16; ++i) {
    slow.emplace_back(server_->port(), 4096);
    slow.back().send("GET /huge HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(slow.back().read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_LT(slow.front().read_to_end().size(), kHuge) << "the oldest was cut";
  EXPECT_GE(slow.back().read_to_end().size(), kHuge - 65536) << "the newest was not";
}

TEST_F(HostileClients, AnIdleConnectionEndsInTheEnd) {
  start({.idle_keep_alive = Seconds{0.2}});
  const RawClient fresh(server_->port());
  const RawClient used(server_->port());
  used.send("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_THAT(used.read_until("ipw_up 1\n"), HasSubstr("ipw_up 1"));
  EXPECT_TRUE(fresh.closed_within(5s));
  EXPECT_TRUE(used.closed_within(5s));
}

TEST_F(HostileClients, WhatIsTooMuchIsRefusedAtOnce) {
  start({.workers = 2, .max_waiting = 3});
  std::vector<RawClient> busy;
  for (int i = 0; i < 2; ++i)
    busy.emplace_back(server_->port()).send("GET /gate HTTP/1.1\r\nConnection: close\r\n\r\n");
  gate_.await(2);
  for (int i = 0; i < 8; ++i)
    busy.emplace_back(server_->port()).send("GET /gate HTTP/1.1\r\nConnection: close\r\n\r\n");
  int refused = 0;
  for (std::size_t i = 5; i < busy.size(); ++i) {
    const auto answer = busy[i].read_to_end(2s);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
    ++refused;
  }
  EXPECT_EQ(refused, 5);
  gate_.release();
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_THAT(busy[i].read_to_end(), HasSubstr("through\n")) << i;
  }
  EXPECT_LT(scrape(), 200ms) << "the places are free again";
}

TEST_F(HostileClients, FarMoreConnectionsThanTheLibrarysBacklogAllGetAnAnswer) {
  start({.max_waiting = 1000, .max_connections = 2000});
  std::vector<RawClient> clients;
  for (int i = 0; i < 400; ++i) clients.emplace_back(server_->port());
  for (const auto& client : clients) {
    ASSERT_TRUE(client.connected());
    client.send(kGet);
  }
  for (const auto& client : clients) {
    ASSERT_THAT(client.read_to_end(), HasSubstr("ipw_up 1"));
  }
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * 4096;
}

TEST_F(HostileClients, EndlessHeadersCostNoMemory) {
  start();
  const auto before = resident_bytes();
  const std::string chunk(1U << 20U, 'a');
  const RawClient one_line(server_->port());
  one_line.send("GET /metrics HTTP/1.1\r\nX: ");
  for (int i = 0; i < 200 && one_line.send(chunk); ++i) {
  }
  EXPECT_LT(resident_bytes(), before + (20U << 20U));
  EXPECT_LT(scrape(), 200ms);

  const RawClient many(server_->port());
  many.send("GET /metrics HTTP/1.1\r\n");
  for (int i = 0; i < 3000; ++i) many.send("a: b\r\n");
  EXPECT_THAT(many.read_until("bytes"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HostileClients, KeepAliveRequestsDoNotWaitForNagle) {
  start();
  httplib::Client client("127.0.0.1", server_->port());
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  ASSERT_TRUE(client.Get("/metrics"));
  const auto began = steady_clock::now();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.Get("/metrics"));
  EXPECT_LT(steady_clock::now() - began, 400ms) << "40 ms each with Nagle's algorithm and delayed acknowledgements";
}

TEST_F(HostileClients, ClientsThatLeaveWhileTheyAreServedAreForgotten) {
  start({.workers = 2});
  for (int i = 0; i < 50; ++i) {
    const RawClient client(server_->port());
    client.send("GET /big HTTP/1.1\r\n\r\n");
  }
  EXPECT_LT(scrape(), 3000ms);
}

TEST_F(HostileClients, TheServerEndsWhileClientsAreServed) {
  start({.workers = 2});
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server_->port()).send("GET /gate HTTP/1.1\r\n\r\n");
  gate_.await(2);
  std::thread opener([&] { gate_.release(); });
  server_.reset();
  opener.join();
  for (const auto& client : clients) EXPECT_TRUE(client.closed_within(5s));
}

}  // namespace
}  // namespace ipw::web
