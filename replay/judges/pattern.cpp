#include "replay/judges/pattern.hpp"

#include <re2/re2.h>

namespace ipw::replay {
namespace {

// A compiled expression and the automaton that it grows into while matching.
constexpr std::int64_t kMostMemory = std::int64_t{1} << 20;
constexpr std::size_t kMostPatterns = 256;

RE2::Options options_of(Pattern::Syntax syntax) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMostMemory);
  options.set_case_sensitive(syntax.case_sensitive);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view expression, Syntax syntax)
      : regex(re2::StringPiece(expression.data(), expression.size()), options_of(syntax)),
        anchor(syntax.full ? RE2::ANCHOR_BOTH : RE2::UNANCHORED) {}
  RE2 regex;
  RE2::Anchor anchor;
};

Result<Pattern> Pattern::compile(std::string_view expression, Syntax syntax) {
  auto compiled = std::make_shared<const Compiled>(expression, syntax);
  if (!compiled->regex.ok()) return Error{Errc::invalid, compiled->regex.error()};
  return Pattern(std::move(compiled));
}

std::optional<std::string_view> Pattern::match(std::string_view text) const {
  re2::StringPiece found;
  const re2::StringPiece whole(text.data(), text.size());
  if (!compiled_->regex.Match(whole, 0, text.size(), compiled_->anchor, &found, 1)) return std::nullopt;
  return text.substr(static_cast<std::size_t>(found.data() - text.data()), found.size());
}

Result<Pattern> PatternCache::get(const std::string& expression) const {
  const auto known = patterns_.with([&](auto& patterns) -> std::optional<Pattern> {
    const auto found = patterns.find(expression);
    return found == patterns.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) return *known;
  auto compiled = Pattern::compile(expression, syntax_);
  if (!compiled) return compiled.error();
  patterns_.with([&](auto& patterns) {
    if (patterns.size() >= kMostPatterns) patterns.clear();
    patterns.emplace(expression, *compiled);
  });
  return compiled;
}

}  // namespace ipw::replay
