#include "exporter/rates/energy_bill.hpp"

#include <gtest/gtest.h>

#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;

const EnergyBill::EnergyLabels kMeasured{probes::Scope::accelerator, probes::Quality::measured};

CompletedQuery make_query(Joules gross, bool valid = true) {
  CompletedQuery query;
  query.energy.push_back({.scope = kMeasured.first, .quality = kMeasured.second, .valid = valid, .gross = gross});
  return query;
}

TEST(EnergyRate, AFixedOneIsAlwaysKnown) {
  const EnergyRate rate(0.25);
  EXPECT_EQ(rate.per_kwh(at(0)), 0.25);
  EXPECT_EQ(rate.per_kwh(at(1e6)), 0.25);
}

TEST(EnergyRate, AToldOneIsBelievedForATime) {
  EnergyRate rate(Seconds{60});
  EXPECT_FALSE(rate.per_kwh(at(0)));
  rate.tell(400, at(10));
  EXPECT_EQ(rate.per_kwh(at(70)), 400);
  EXPECT_FALSE(rate.per_kwh(at(71)));
  rate.tell(300, at(80));
  EXPECT_EQ(rate.per_kwh(at(81)), 300);
}

TEST(EnergyBill, CountsEachQueryAtTheRateOfItsEnd) {
  const auto carbon = std::make_shared<EnergyRate>(Seconds{60});
  EnergyBill bill({carbon, std::make_shared<EnergyRate>(0.5), "EUR"}, {{kMeasured}});
  EXPECT_EQ(bill.of(0).at(kMeasured).cost, 0) << "is there from the start";
  bill.add(0, make_query(Joules{3.6e6}), at(0));
  carbon->tell(400, at(1));
  bill.add(0, make_query(Joules{3.6e6}), at(2));
  carbon->tell(100, at(3));
  bill.add(0, make_query(Joules{1.8e6}), at(4));
  bill.add(0, make_query(Joules{7.2e6}), at(100));
  bill.add(0, make_query(Joules{3.6e6}, false), at(101));
  const auto& billed = bill.of(0).at(kMeasured);
  EXPECT_DOUBLE_EQ(billed.grams, 450);
  EXPECT_DOUBLE_EQ(billed.no_intensity.value, 3.6e6 + 7.2e6);
  EXPECT_DOUBLE_EQ(billed.cost, 2.25);
  EXPECT_DOUBLE_EQ(billed.no_price.value, 0);
}

TEST(EnergyBill, WithoutARateNothingIsCounted) {
  EnergyBill bill({}, {{kMeasured}});
  bill.add(0, make_query(Joules{3.6e6}), at(0));
  EXPECT_EQ(bill.of(0).at(kMeasured).grams, 0);
  EXPECT_EQ(bill.of(0).at(kMeasured).no_intensity.value, 0);
}

}  // namespace
}  // namespace ipw
