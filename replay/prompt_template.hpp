#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"

namespace ipw::replay {

// How system text and problem become the one text that a completion server continues. Such servers do not apply the
// model's chat template: who wants it writes it here.
class PromptTemplate {
 public:
  // Key: template, with {prompt} where the problem goes and {system} where `system` goes; by default the system text,
  // an empty line, and the problem. Nothing inside those texts is replaced.
  static PromptTemplate read(Options& request, const std::string& system);

  std::string fill(std::string_view problem) const;

 private:
  std::vector<std::string> pieces_;  // the problem goes between them
};

}  // namespace ipw::replay
