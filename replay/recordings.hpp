#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "replay/corpus.hpp"

namespace ipw::replay {

class LineReader;

// Recorded answers of one model, found by query id, else by the problem's text. Immutable after load, thread-safe.
// Holds each answer once, and 8 bytes of hash for each problem.
class Recordings {
 public:
  // `answers_path`: JSONL (.jsonl or .jsonl.gz) of `id`, `text`, other fields ignored. The corpus holds the queries
  // they answer; without one, answers are found by id only. Errors: invalid, `FILE:LINE: message`.
  static Result<std::unique_ptr<Recordings>> load(const std::string& answers_path,
                                                  const std::vector<std::string>& corpus_paths);
  static Result<std::unique_ptr<Recordings>> from_text(std::string name, std::string_view answers,
                                                       CorpusReader& corpus);

  // Nothing when neither is known. A problem that stands in the corpus more than once gives its first answer.
  std::optional<std::string_view> find(std::string_view query_id, std::string_view problem) const;
  std::size_t size() const { return by_id_.size(); }

 private:
  struct IdHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  Recordings() = default;
  Result<void> read(LineReader& answers);
  Result<void> add(std::string_view line, const std::string& place);
  Result<void> index(CorpusReader& corpus);

  std::unordered_map<std::string, std::string, IdHash, std::equal_to<>> by_id_;
  std::unordered_map<std::size_t, std::string_view> by_problem_;  // hash of the problem's text -> answer
};

}  // namespace ipw::replay
