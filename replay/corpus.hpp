#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace ipw::replay {

// One line of a corpus (CONTRACT, "Corpus line"), validated. `prompt` and `expected_answer` are read as `problem` and
// `answer`. Immutable once read; shared by everything that happens to the query.
struct CorpusItem {
  std::string id;  // the line's own, else "line-17", or "b.jsonl/line-17" where the corpus has several files
  std::string problem;
  std::string answer;             // empty when there is none
  std::string subject, language;  // "" when not given
  std::string judge;              // "" when not given: `auto` decides
  std::vector<std::string> options;
  std::string reference;
  std::vector<std::pair<std::string, std::string>> metadata;  // unknown fields: name, compact JSON
  std::string place;                                          // "corpora/mmlu-pro.jsonl:17"

  // An unknown field's value, a text without its quotation marks; at most 64 bytes of it. Nothing where the line has
  // none.
  std::optional<std::string> field(std::string_view name) const;
};

// Streams the lines of one or several .jsonl or .jsonl.gz files, in order, in bounded memory (16 bytes a line, to
// refuse a repeated id). Blank lines are skipped. One thread.
class CorpusReader {
 public:
  // Errors: invalid, when a file cannot be opened.
  static Result<std::unique_ptr<CorpusReader>> open(std::vector<std::string> paths);
  // From text in memory that outlives the reader; `name` stands for the file in messages.
  static std::unique_ptr<CorpusReader> from_text(std::string name, std::string_view text);

  virtual ~CorpusReader() = default;

  // The next item, or nothing at the end. Errors: invalid, `FILE:LINE: message`, for a line that is not JSON or UTF-8,
  // lacks its problem, repeats an id, or has a field of a wrong type (the next call goes on with the line after it),
  // and for a file that cannot be read on (the next call goes on with the next file).
  virtual Result<std::optional<CorpusItem>> next() = 0;
};

// Counts of the valid items for `corpus stats`, and the first errors for `corpus check`. What an item does not give is
// counted under "".
struct CorpusSummary {
  std::uint64_t items{0}, errors{0};
  std::vector<std::string> first_errors;                                                 // at most 20
  std::vector<std::pair<std::string, std::uint64_t>> by_subject, by_language, by_judge;  // descending by count
  std::vector<std::pair<std::string, std::string>>
      slices;          // subject and language, in the order of the corpus, at most 65
  std::string digest;  // of the valid items (CorpusDigest)
};
// `check` is asked about every item, besides the reader's own rules (a judge's demands, for instance).
CorpusSummary summarise(CorpusReader& reader, const std::function<Result<void>(const CorpusItem&)>& check);

}  // namespace ipw::replay
