#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace ipw::testing {

// One line of an exposition.
struct Series {
  std::string name;
  std::map<std::string, std::string> labels;
  double value{0};

  std::string label(const std::string& of) const {
    const auto found = labels.find(of);
    return found == labels.end() ? std::string{} : found->second;
  }
};

// Reads the Prometheus text format strictly: what it does not understand fails the test.
class MetricsText {
 public:
  explicit MetricsText(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty() && line[0] != '#') series_.push_back(parse(line));
  }

  const std::vector<Series>& series() const { return series_; }

  // The sum over all series of that name whose labels hold `wanted`.
  double sum(const std::string& name, const std::map<std::string, std::string>& wanted = {}) const {
    double total = 0;
    for (const auto& one : series_)
      if (one.name == name && holds(one, wanted)) total += one.value;
    return total;
  }
  std::size_t count(const std::string& name, const std::map<std::string, std::string>& wanted = {}) const {
    std::size_t n = 0;
    for (const auto& one : series_) n += one.name == name && holds(one, wanted);
    return n;
  }

 private:
  static bool holds(const Series& one, const std::map<std::string, std::string>& wanted) {
    for (const auto& [name, value] : wanted)
      if (one.label(name) != value) return false;
    return true;
  }

  static Series parse(const std::string& line) {
    Series one;
    auto at = line.find_first_of("{ ");
    EXPECT_NE(at, std::string::npos) << line;
    one.name = line.substr(0, at);
    if (line[at] == '{') at = parse_labels(line, at + 1, one.labels);
    EXPECT_EQ(line[at], ' ') << line;
    const char* number = line.c_str() + at + 1;
    char* end = nullptr;
    one.value = std::strtod(number, &end);
    EXPECT_TRUE(end != number && *end == '\0') << line;
    return one;
  }

  // Returns the position after the closing brace.
  static std::size_t parse_labels(const std::string& line, std::size_t at, std::map<std::string, std::string>& labels) {
    while (line[at] != '}') {
      const auto equals = line.find("=\"", at);
      if (equals == std::string::npos) {
        ADD_FAILURE() << line;
        return line.size() - 1;
      }
      const auto name = line.substr(at, equals - at);
      std::string value;
      for (at = equals + 2; line[at] != '"'; ++at) {
        if (line[at] == '\\')
          value += line[++at] == 'n' ? '\n' : line[at];
        else
          value += line[at];
      }
      EXPECT_TRUE(labels.emplace(name, value).second) << "label twice: " << line;
      ++at;
      if (line[at] == ',') ++at;
    }
    return at + 1;
  }

  std::vector<Series> series_;
};

}  // namespace ipw::testing
