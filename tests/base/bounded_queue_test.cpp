#include "base/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>

namespace ipw {
namespace {

using namespace std::chrono_literals;

MonoTime soon() {
  return std::chrono::steady_clock::now() + 10s;
}
MonoTime now() {
  return std::chrono::steady_clock::now();
}

TEST(BoundedQueue, GivesEverythingInOrder) {
  BoundedQueue<std::unique_ptr<int>> queue(4);
  for (int i = 0; i < 3; ++i) queue.push(std::make_unique<int>(i));
  EXPECT_EQ(queue.size(), 3U);
  std::vector<std::unique_ptr<int>> out;
  EXPECT_TRUE(queue.pop_all(out, soon()));
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(*out[2], 2);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(BoundedQueue, WaitsNoLongerThanItsDeadline) {
  BoundedQueue<int> queue(1);
  std::vector<int> out;
  EXPECT_TRUE(queue.pop_all(out, now() + 1ms)) << "empty, but open";
  EXPECT_TRUE(out.empty());
}

TEST(BoundedQueue, AFullQueueHoldsTheProducerBack) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::jthread producer([&] {
    for (int i = 0; i < 3; ++i) {
      queue.push(i);
      ++pushed;
    }
  });
  while (queue.size() < 2) std::this_thread::yield();
  EXPECT_LE(pushed, 2);
  std::vector<int> out;
  while (out.size() < 3) ASSERT_TRUE(queue.pop_all(out, soon()));
  EXPECT_EQ(out, (std::vector{0, 1, 2}));
}

TEST(BoundedQueue, ClosingLosesNothingAndFreesTheProducers) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::jthread producer([&] { queue.push(2); });  // waits: it is full
  queue.close();
  producer.join();
  queue.push(3);  // still accepted
  std::vector<int> out;
  EXPECT_TRUE(queue.pop_all(out, soon()));
  EXPECT_EQ(out.size(), 3U);
  EXPECT_FALSE(queue.pop_all(out, soon())) << "closed and empty";
}

TEST(BoundedQueue, ManyProducersAndConsumersLoseNothing) {
  constexpr int kProducers = 4, kEach = 2000;
  BoundedQueue<int> queue(16);
  std::atomic<long> sum{0};
  std::vector<std::jthread> consumers, producers;
  for (int i = 0; i < 2; ++i)
    consumers.emplace_back([&] {
      std::vector<int> out;
      while (queue.pop_all(out, soon())) {
        sum += std::accumulate(out.begin(), out.end(), 0L);
        out.clear();
      }
    });
  for (int i = 0; i < kProducers; ++i)
    producers.emplace_back([&] {
      for (int n = 1; n <= kEach; ++n) queue.push(n);
    });
  producers.clear();
  queue.close();
  consumers.clear();
  EXPECT_EQ(sum, kProducers * (kEach * (kEach + 1L) / 2));
}

}  // namespace
}  // namespace ipw
