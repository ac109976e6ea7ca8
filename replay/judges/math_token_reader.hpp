#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "replay/judges/math_expression.hpp"
#include "replay/judges/math_tokens.hpp"

namespace ipw::replay {

// Where a parser stands in its tokens. The first failure moves to their end, so that every loop over them ends.
class MathTokenReader {
 public:
  explicit MathTokenReader(std::vector<MathToken> tokens) : tokens_(std::move(tokens)) {}

 protected:
  bool sees(MathToken::Kind kind, std::string_view text = {}) const {
    return at_ < tokens_.size() && tokens_[at_].kind == kind && (text.empty() || tokens_[at_].text == text);
  }
  bool sees_sign(std::string_view text) const { return sees(MathToken::Kind::sign, text); }
  bool takes(MathToken::Kind kind, std::string_view text = {}) {
    if (!sees(kind, text)) return false;
    ++at_;
    return true;
  }
  bool takes_sign(std::string_view text) { return takes(MathToken::Kind::sign, text); }
  const MathToken* ahead(std::size_t by) const { return at_ + by < tokens_.size() ? &tokens_[at_ + by] : nullptr; }

  MathNode fail(std::string message) {
    if (!failure_) failure_ = std::move(message);
    at_ = tokens_.size();
    return {};
  }
  MathNode fail_at_token() {
    if (at_ >= tokens_.size()) return fail("ends too early");
    return fail("has an unexpected `" + shortened(tokens_[at_].text, 20) + "`");
  }
  MathNode expect(MathToken::Kind kind, std::string_view text, MathNode inner) {
    return takes(kind, text) ? std::move(inner) : fail_at_token();
  }

  std::vector<MathToken> tokens_;
  std::size_t at_{0};
  std::optional<std::string> failure_;
};

}  // namespace ipw::replay
