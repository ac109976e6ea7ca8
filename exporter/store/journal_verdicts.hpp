#pragma once

#include <optional>
#include <string>

#include "base/log.hpp"
#include "exporter/store/journal.hpp"
#include "replay/verdict_cache.hpp"

namespace ipw {

// What judging models have said, kept in the journal. What cannot be kept is asked again some day.
class JournalVerdicts final : public replay::VerdictCache {
 public:
  explicit JournalVerdicts(Journal& journal) : journal_(journal) {}  // outlives it

  std::optional<double> find(const std::string& question) const override {
    const auto known = journal_.judgement(question);
    if (!known) log_warn("the journal's judgements cannot be read", {{"reason", known.error().message}});
    return known ? *known : std::nullopt;
  }
  void keep(const std::string& question, double score) override {
    if (const auto kept = journal_.keep_judgement(question, score); !kept)
      log_warn("a judgement is not kept", {{"reason", kept.error().message}});
  }

 private:
  Journal& journal_;
};

}  // namespace ipw
