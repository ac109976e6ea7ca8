#include "exporter/accounting/client_lag.hpp"

#include <gtest/gtest.h>

namespace ipw {
namespace {

using namespace std::chrono_literals;
constexpr Seconds kGood{0.0001}, kBad{0.02};

TEST(ClientLag, OneOfAHundredIsBorne) {
  const MonoTime now(1000s);
  ClientLag lag;
  EXPECT_FALSE(lag.saturated(now)) << "nothing has ended yet";
  for (int i = 0; i < 99; ++i) lag.add(now, kGood);
  lag.add(now, kBad);
  EXPECT_FALSE(lag.saturated(now));
  lag.add(now, kBad);
  EXPECT_TRUE(lag.saturated(now));
}

TEST(ClientLag, TheLimitItselfIsInTime) {
  ClientLag lag;
  lag.add(MonoTime(5s), ClientLag::kDistorting);
  EXPECT_FALSE(lag.saturated(MonoTime(5s)));
}

TEST(ClientLag, AMinuteLaterItIsForgotten) {
  ClientLag lag;
  lag.add(MonoTime(1000s), kBad);
  EXPECT_TRUE(lag.saturated(MonoTime(1059s)));
  EXPECT_FALSE(lag.saturated(MonoTime(1060s)));
  lag.add(MonoTime(1060s), kGood);  // in the place of the old one
  EXPECT_FALSE(lag.saturated(MonoTime(1060s)));
}

}  // namespace
}  // namespace ipw
