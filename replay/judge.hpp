#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/catalog.hpp"
#include "base/options.hpp"
#include "base/result.hpp"
#include "replay/corpus.hpp"

namespace ipw::replay {

enum class VerdictKind {
  correct,
  tie,  // as good as what it is compared with
  wrong,
  unparsed,
  unanswered,
  judge_error,
};
constexpr std::size_t kVerdictKinds = 6;
std::string_view to_text(VerdictKind kind);

// What a judge made of one answer. Every attempt to answer gets one: nothing leaves the denominator.
struct Verdict {
  VerdictKind kind{VerdictKind::unanswered};
  double score{0};     // in [0,1]; 0 unless the judge says otherwise
  std::string reason;  // how it was decided, for people: "`answer is (C)`, expected B"
  bool split{false};   // a model that was asked in both orders changed its mind
};

// Scores one kind of answer. Stateless and thread-safe; deterministic judges take microseconds, whatever the text.
class Judge {
 public:
  virtual ~Judge() = default;
  // Whether `item` has what this judge needs. Errors: invalid, `FILE:LINE: message`. Asked once, at load.
  virtual Result<void> accepts(const CorpusItem& item) const = 0;
  // REQUIRES: accepts(item). `answer` is what the model said outside its reasoning channel; it may be hostile.
  virtual Verdict judge(const CorpusItem& item, std::string_view answer) const = 0;
};

// For the judges that need an expected answer. Errors: invalid, `FILE:LINE: message`.
Result<void> require_answer(const CorpusItem& item, std::string_view judge);

using OpenJudge = Result<std::unique_ptr<Judge>> (*)(Options&);

// Every judge there is (judges.cpp).
const Catalog<OpenJudge>& judges();

class ModelJudge;

// The judges of one run: opens each kind once and finds the one that an item names or, for `auto`, the one that the
// shape of its answer asks for. Immutable and thread-safe after construction.
class Bench {
 public:
  // Reads the `judges` map of the configuration: `default`, `audit`, and one sub-map of options per judge.
  static Result<std::unique_ptr<Bench>> open(Options options);
  ~Bench();

  Result<void> accepts(const CorpusItem& item) const;
  // Empty text is `unanswered`. REQUIRES: no model judges the item.
  Verdict judge(const CorpusItem& item, std::string_view answer) const;
  // The name of the judge that judges `item`.
  std::string_view judge_of(const CorpusItem& item) const;
  // The judge of `item` where that is a model; else null.
  const ModelJudge* model_judge(const CorpusItem& item) const;
  const ModelJudge* model_judge(std::string_view name) const;

  // Who is asked, if a model can be, where the judge of `item` could not decide: null where it could.
  const ModelJudge* second_opinion(const CorpusItem& item, const Verdict& verdict) const;

  // What a deterministic judge says of an answer that a model judges against the same reference; nothing where there is
  // none for such an item.
  std::optional<VerdictKind> control(const CorpusItem& item, std::string_view answer) const;
  // Whether `item`, which a deterministic judge judges, is one of those (`judges.audit`) that the auditor is asked too.
  bool audits(const CorpusItem& item) const;
  const ModelJudge* auditor() const;

 private:
  Bench();
  Result<void> open_models(Options& options);
  std::string default_{"auto"};
  double audit_{0};  // share of the items
  std::unordered_map<std::string, std::unique_ptr<Judge>> judges_;
  std::unordered_map<std::string, std::unique_ptr<ModelJudge>> models_;
};

}  // namespace ipw::replay
