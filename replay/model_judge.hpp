#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/catalog.hpp"
#include "base/options.hpp"
#include "base/result.hpp"
#include "replay/corpus.hpp"
#include "replay/judge.hpp"

namespace ipw::replay {

// Lets a model score an answer: says what to ask, and what its replies mean. Asks nobody itself (JudgeDesk does).
// Stateless and thread-safe; what it is given may be hostile, the model's answer and the judge's replies alike.
class ModelJudge {
 public:
  virtual ~ModelJudge() = default;
  // Whether `item` has what this judge needs. Errors: invalid, `FILE:LINE: message`. Asked once, at load.
  virtual Result<void> accepts(const CorpusItem& item) const = 0;
  // The prompts, each a request of its own. The same arguments give the same prompts. `rival`: what the answer is
  // compared with, where that is another target's answer.
  virtual std::vector<std::string> questions(const CorpusItem& item, std::string_view answer,
                                             const std::optional<std::string>& rival) const = 0;
  // The score in [0,1] that a reply to question `index` gives the answer; nothing where it is not what was asked for.
  virtual std::optional<double> read(std::size_t index, std::string_view reply) const = 0;
  // REQUIRES: one score a question.
  virtual Verdict conclude(const std::vector<double>& scores) const = 0;
  // The target whose answers are compared with; "" where the corpus line has all that is needed.
  virtual std::string_view rival() const { return {}; }
  // Whether it judges an empty answer too: to say nothing may be better than what the other says.
  virtual bool takes_silence() const { return false; }
  // Changes when what is asked changes: 16 hexadecimal digits.
  virtual std::string prompt_digest() const = 0;
};

using OpenModelJudge = Result<std::unique_ptr<ModelJudge>> (*)(Options&);

// Every model judge there is (judges.cpp).
const Catalog<OpenModelJudge>& model_judges();

}  // namespace ipw::replay
