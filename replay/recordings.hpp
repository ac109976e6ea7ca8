#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "replay/corpus.hpp"

namespace ipw::replay {

// Recorded answers of one model, found by query id, else by the problem's text. Immutable after load, thread-safe.
class Recordings {
 public:
  // `answers`: JSONL of `id`, `text`, other fields ignored. `corpus`: the queries they answer.
  // Errors: invalid, `FILE:LINE: message`.
  static Result<std::unique_ptr<Recordings>> load(const std::string& answers_path, const std::vector<std::string>& corpus_paths);
  static Result<std::unique_ptr<Recordings>> from_text(std::string name, std::string_view answers, CorpusReader& corpus);

  // Nothing when neither is known. A problem that stands in the corpus more than once gives its first answer.
  std::optional<std::string_view> find(std::string_view query_id, std::string_view problem) const;
  std::size_t size() const { return by_id_.size(); }

 private:
  Recordings() = default;
  std::unordered_map<std::string, std::string> by_id_;
  std::unordered_map<std::uint64_t, std::string_view> by_problem_;  // hash of the problem's text -> answer
};

}  // namespace ipw::replay
