#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/guarded.hpp"
#include "base/result.hpp"

namespace ipw::replay {

// A regular expression in RE2's syntax (no look-around, no back-references): matching takes linear time, whatever the
// text. Immutable and thread-safe.
class Pattern {
 public:
  struct Syntax {
    bool case_sensitive{true};
    bool full{false};  // the whole text must match, not some part of it
  };
  // Errors: invalid, with RE2's reason; also for an expression too large for its memory.
  static Result<Pattern> compile(std::string_view expression, Syntax syntax);

  // The first match in `text`: a view of it.
  std::optional<std::string_view> match(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// Compiles each expression once while it is in use: what comes back again and again is at hand. Bounded; thread-safe.
class PatternCache {
 public:
  explicit PatternCache(Pattern::Syntax syntax) : syntax_(syntax) {}
  // Errors: as Pattern::compile().
  Result<Pattern> get(const std::string& expression) const;

 private:
  Pattern::Syntax syntax_;
  mutable Guarded<std::unordered_map<std::string, Pattern>> patterns_;
};

}  // namespace ipw::replay
