#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/options.hpp"

namespace ipw::replay {

// What a judging model is asked: a text with {names} where others' texts go. Nothing inside those texts is replaced.
// Immutable and thread-safe.
class JudgePrompt {
 public:
  using Texts = std::vector<std::pair<std::string_view, std::string_view>>;

  // Key: prompt, a file that takes the place of `standard`. A name in it that is not one of `names`, and one of
  // `names` that is not in it, is wrong. `names` live as long as the prompt.
  static JudgePrompt read(Options& options, std::string_view standard, std::vector<std::string_view> names);

  std::string fill(const Texts& texts) const;
  // 16 hexadecimal digits.
  std::string digest() const;

 private:
  struct Piece {
    std::string text;
    std::string_view name;  // what follows the text; "" at the end
  };
  std::vector<Piece> pieces_;
};

}  // namespace ipw::replay
