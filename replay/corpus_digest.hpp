#pragma once

#include <cstdint>
#include <string>

#include "replay/corpus.hpp"

namespace ipw::replay {

// Tells one set of queries from another, whatever the order of their lines: it changes with any id, question, answer or
// way of judging. 64 bits, so that an accident is as good as impossible; no protection against intent.
class CorpusDigest {
 public:
  void add(const CorpusItem& item);
  std::string text() const;  // 16 hexadecimal digits

 private:
  std::uint64_t sum_{0};
};

}  // namespace ipw::replay
