#include "base/published.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace ipw {
namespace {

TEST(Published, AReaderKeepsTheVersionItGot) {
  Published<std::string> published(std::make_shared<const std::string>("first"));
  const auto held = published.get();
  published.set(std::make_shared<const std::string>("second"));
  EXPECT_EQ(*held, "first");
  EXPECT_EQ(*published.get(), "second");
}

TEST(Published, NoReaderSeesHalfAVersionOrGoesBack) {
  using Pair = std::pair<int, int>;
  Published<Pair> published(std::make_shared<const Pair>(0, 0));
  std::atomic<bool> done{false};
  std::atomic<int> torn{0}, backward{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      int last = 0;
      while (!done) {
        const auto pair = published.get();
        torn += pair->first != pair->second;
        backward += pair->first < last;
        last = pair->first;
      }
    });
  for (int n = 1; n <= 5000; ++n) published.set(std::make_shared<const Pair>(n, n));
  done = true;
  readers.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backward, 0);
}

}  // namespace
}  // namespace ipw
