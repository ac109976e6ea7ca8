#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "exporter/accounting/record.hpp"
#include "exporter/analysis/proportion.hpp"

namespace ipw {

// The judged answers of one slice of the queries.
struct SliceAccuracy {
  Proportion score;            // over every judged query of every cycle
  std::uint64_t distinct{0};   // queries, each once however often it was asked
  std::uint64_t unparsed{0};   // answers in which the judge found none
  std::uint64_t truncated{0};  // answers that the token limit cut off

  std::optional<double> accuracy() const { return score.value(); }
  // Wilson, 95 %, for as many cases as there are distinct queries: asking the same ones again makes nothing surer about
  // others (METHODOLOGY, "Slices").
  std::optional<Bounds> bounds() const;
  std::optional<double> unparsed_rate() const { return ratio(static_cast<double>(unparsed), real_n()); }
  std::optional<double> truncated_rate() const { return ratio(static_cast<double>(truncated), real_n()); }

 private:
  double real_n() const { return static_cast<double>(score.n); }
};

// A slice: all queries whose `field` has that value.
struct SliceRow {
  std::string field, value;
  SliceAccuracy answers;
};

// Accuracy by subject, by language and by each of the corpus line's fields that are slices. Records in any order; of
// each query the final one counts. 8 bytes a query and field.
class SliceTable {
 public:
  // A field has at most so many rows; the smaller slices together are `other`.
  static constexpr std::size_t kValues = 64;

  // Passes over what is not final, not judged or cancelled.
  void add(const AttemptRecord& record);
  SliceAccuracy all() const;
  // By field (subject and language first), then by name, `other` last. Fields that no record gives are left out.
  std::vector<SliceRow> rows() const;

 private:
  struct Tally {
    SliceAccuracy answers;
    std::unordered_set<std::size_t> queries;  // hashes
    void add(const AttemptRecord& record, std::size_t query);
    void add(const Tally& other);
    SliceAccuracy result() const;
  };
  using Values = std::map<std::string, Tally>;
  static void add_rows(std::vector<SliceRow>& rows, const std::string& field, const Values& values);

  Tally all_;
  std::map<std::string, Values> fields_;
};

}  // namespace ipw
