#include "replay/corpus_digest.hpp"

#include <cstdio>

#include "replay/seeded.hpp"

namespace ipw::replay {

void CorpusDigest::add(const CorpusItem& item) {
  std::uint64_t hash = hash_of(item.id, item.options.size());
  for (const auto* field : {&item.problem, &item.answer, &item.reference, &item.judge, &item.subject, &item.language})
    hash = hash_of(*field, hash);
  for (const auto& option : item.options) hash = hash_of(option, hash);
  sum_ += hash;
}

std::string CorpusDigest::text() const {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum_));
  return text;
}

}  // namespace ipw::replay
