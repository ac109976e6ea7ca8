#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "replay/dialect.hpp"
#include "tests/support/decoding.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::testing {

// A dialect by its name and its `request` map as text (options_from.hpp); the model is `some-model`.
inline Result<std::unique_ptr<replay::Dialect>> try_dialect(std::string_view name, std::string_view request = "") {
  auto options = options_from(request);
  return (*replay::dialects().find(name))("some-model", options);
}

inline std::unique_ptr<replay::Dialect> open_dialect(std::string_view name, std::string_view request = "") {
  auto dialect = try_dialect(name, request);
  EXPECT_TRUE(dialect) << dialect.error().message;
  return dialect ? std::move(*dialect) : nullptr;
}

inline replay::HttpRequest ask_one_plus_one(const replay::Dialect& dialect) {
  replay::CorpusItem item;
  item.id = "q1";
  item.problem = "1 + 1?";
  return dialect.request(item);
}

inline nlohmann::json body_of(const replay::Dialect& dialect) {
  return nlohmann::json::parse(ask_one_plus_one(dialect).body);
}

// A recorded stream below tests/testdata/streams/<dialect>/, and what is to come out of it.
struct StreamCase {
  const char* file;
  std::vector<std::string> events;
  const char* end;  // its beginning
  const char* times{""};
};

inline void expect_streams(std::string_view dialect, std::initializer_list<StreamCase> cases) {
  const auto opened = open_dialect(dialect);
  for (const auto& c : cases) {
    const auto decoded = decode(*opened->decoder(), read_file(testdata() / "streams" / dialect / c.file), 0);
    EXPECT_EQ(decoded.events, c.events) << c.file;
    EXPECT_EQ(decoded.end.substr(0, std::string_view(c.end).size()), c.end) << c.file;
    EXPECT_EQ(decoded.times, c.times) << c.file;
  }
}

}  // namespace ipw::testing
