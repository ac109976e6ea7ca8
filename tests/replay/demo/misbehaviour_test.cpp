#include "replay/demo/misbehaviour.hpp"

#include <gtest/gtest.h>

namespace ipw::replay::demo {
namespace {

using namespace std::chrono_literals;
using Specs = std::vector<std::string>;

Misbehaviours parse(const Specs& specs, std::uint64_t seed = 1) {
  auto parsed = Misbehaviours::parse(specs, seed);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : Misbehaviours();
}

TEST(Misbehaviours, ValuesAreReadOrAsUsual) {
  Behaviour behaviour;
  parse({"stall:250ms", "slow_first_token", "speculative:7", "cut:3"}).apply(1, behaviour);
  EXPECT_EQ(behaviour.stall, Seconds{0.25});
  EXPECT_EQ(behaviour.late, Seconds{2});
  EXPECT_EQ(behaviour.wording.tokens_per_event, 7);
  EXPECT_EQ(behaviour.wording.break_after, 3);
  EXPECT_EQ(behaviour.close, Behaviour::Close::early);
  EXPECT_EQ(behaviour.fell.size(), 4U);
  const auto server = parse({"standstill:3s", "foreign_load:4", "cut"}).of_server();
  EXPECT_EQ(server.standstill, Seconds{3});
  EXPECT_EQ(server.standstill_after, Seconds{1});
  EXPECT_EQ(server.foreign_running, 4);
  EXPECT_EQ(server.close, Behaviour::Close::orderly) << "that is a request's";
}

TEST(Misbehaviours, WhatIsWrongIsTold) {
  const struct {
    const char *spec, *message;
  } cases[] = {
      {"cutt", "unknown misbehaviour `cutt`, did you mean `cut`? (known: reasoning_content, "},
      {"crlf:1", "misbehaviour `crlf:1`: takes no value"},
      {"stall:2", "misbehaviour `stall:2`: "},
      {"cut:x", "misbehaviour `cut:x`: "},
      {"cut:-1", "misbehaviour `cut:-1`: a number of 0 to 1000000000 is needed"},
      {"cut@2", "misbehaviour `cut@2`: the share after `@` must be a number from 0 to 1"},
      {"cut@", "misbehaviour `cut@`: the share after `@` must be a number from 0 to 1"},
      {"loading@0.5", "misbehaviour `loading@0.5`: is of the whole server and has no share"},
      {"", "unknown misbehaviour ``"},
  };
  for (const auto& c : cases) {
    const auto parsed = Misbehaviours::parse(Specs{c.spec});
    ASSERT_FALSE(parsed) << c.spec;
    EXPECT_EQ(parsed.error().code, Errc::invalid) << c.spec;
    EXPECT_EQ(parsed.error().message.substr(0, std::string_view(c.message).size()), c.message) << c.spec;
  }
  EXPECT_FALSE(Misbehaviours().for_request("crlf loading"));
  const auto two = Misbehaviours().for_request(" crlf,  cut:3@1 ");
  ASSERT_TRUE(two);
  Behaviour behaviour;
  two->apply(1, behaviour);
  EXPECT_EQ(behaviour.fell.size(), 2U);
}

std::vector<bool> falls_on(const Misbehaviours& misbehaviours, std::uint64_t requests) {
  std::vector<bool> fell;
  for (std::uint64_t i = 1; i <= requests; ++i) {
    Behaviour behaviour;
    misbehaviours.apply(i, behaviour);
    fell.push_back(!behaviour.fell.empty());
  }
  return fell;
}

TEST(Misbehaviours, SharesAreKeptAndRepeatable) {
  constexpr std::uint64_t kRequests = 20'000;
  for (const double share : {0.0, 0.05, 0.2, 0.5, 1.0}) {
    const Specs spec{"cut@" + std::to_string(share)};
    const auto first = falls_on(parse(spec), kRequests);
    const auto fell = static_cast<double>(std::count(first.begin(), first.end(), true)) / kRequests;
    EXPECT_NEAR(fell, share, 0.012);
    EXPECT_EQ(falls_on(parse(spec), kRequests), first) << "the same seed";
    if (share > 0 && share < 1) {
      EXPECT_NE(falls_on(parse(spec, 2), kRequests), first) << "another seed";
    }
  }
}

TEST(Misbehaviours, SharesOfOneRequestAreIndependent) {
  const auto both = parse({"crlf@0.5", "comments@0.5"});
  int together = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    Behaviour behaviour;
    both.apply(i, behaviour);
    together += behaviour.wording.crlf && behaviour.wording.comments ? 1 : 0;
  }
  EXPECT_NEAR(together, 2500, 200);
}

TEST(Misbehaviours, EveryOneIsInTheListAndReadsAsItStandsThere) {
  const auto list = misbehaviour_list();
  for (const auto& each : misbehaviours()) {
    EXPECT_NE(list.find("  " + std::string(each.name)), std::string::npos) << each.name;
    EXPECT_TRUE(Misbehaviours::parse(Specs{std::string(each.name)})) << each.name;
    if (!each.usual.empty()) {
      EXPECT_TRUE(Misbehaviours::parse(Specs{std::string(each.name) + ":" + std::string(each.usual)})) << each.name;
    }
    EXPECT_FALSE(each.meaning.empty()) << each.name;
  }
}

}  // namespace
}  // namespace ipw::replay::demo
