#pragma once

#include <optional>
#include <string>

#include <unordered_map>
#include "base/guarded.hpp"

namespace ipw::replay {

// What a judging model has said, by what it was asked, so that nothing is asked and paid for twice. Thread-safe.
class VerdictCache {
 public:
  virtual ~VerdictCache() = default;
  // The score that the reply to this question gave.
  virtual std::optional<double> find(const std::string& question) const = 0;
  virtual void keep(const std::string& question, double score) = 0;
};

// For the length of one run.
class VerdictMemory final : public VerdictCache {
 public:
  std::optional<double> find(const std::string& question) const override {
    return scores_.with([&](const auto& scores) {
      const auto found = scores.find(question);
      return found == scores.end() ? std::optional<double>() : found->second;
    });
  }
  void keep(const std::string& question, double score) override {
    scores_.with([&](auto& scores) { scores.insert_or_assign(question, score); });
  }

 private:
  Guarded<std::unordered_map<std::string, double>> scores_;
};

}  // namespace ipw::replay
