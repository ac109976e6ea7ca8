#include <optional>
#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/statements.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kQuote = 60;

// What stands between the braces that `said` begins within.
std::string_view braced(std::string_view said) {
  int depth = 1;
  for (std::size_t at = 0; at < said.size(); ++at) {
    depth += said[at] == '{' ? 1 : said[at] == '}' ? -1 : 0;
    if (depth == 0) return said.substr(0, at);
  }
  return said;
}

// The last statement of the plainest kind.
std::optional<Statement> last_statement(std::string_view text) {
  std::optional<Statement> best;
  Statements statements(text);
  while (const auto statement = statements.next())
    if (!statement->said.empty() && (!best || statement->anchor <= best->anchor)) best = statement;
  return best;
}

// Compares texts: the whole answer, else what its last statement says (`Answer: Paris`), else its last line.
class Exact final : public Judge {
 public:
  explicit Exact(bool case_sensitive) : fold_case_(!case_sensitive) {}

  Result<void> accepts(const CorpusItem& item) const override { return require_answer(item, "exact"); }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto text = outside_reasoning(answer, buffer);
    if (trim(text).empty()) return {VerdictKind::unparsed, 0, "only reasoning"};
    const auto expected = comparable(unwrapped(item.answer), fold_case_);
    const auto same = [&](std::string_view said) { return is_same(said, expected); };

    std::string_view said = last_line(text);
    bool right = same(text);
    if (const auto statement = right ? std::nullopt : last_statement(text)) {
      said = statement->anchor == Anchor::boxed ? braced(statement->said) : statement->said;
      right = same(said) || same(first_sentence(said));
    } else if (!right) {
      right = same(said);
    }
    const auto quote = "`" + shortened(trim(said), kQuote) + "`";
    if (right) return {VerdictKind::correct, 1, quote};
    return {VerdictKind::wrong, 0, quote + ", expected " + shortened(item.answer, kQuote)};
  }

 private:
  bool is_same(std::string_view said, const std::string& expected) const {
    const auto plain = unwrapped(said);
    // White space may shrink and nothing else changes length, so that long texts need no copy.
    return plain.size() >= expected.size() && plain.size() <= 4 * expected.size() + 64 &&
           comparable(plain, fold_case_) == expected;
  }

  bool fold_case_;
};

}  // namespace

// `case_sensitive`: whether `paris` is not `Paris`.
Result<std::unique_ptr<Judge>> open_exact(Options& options) {
  const bool case_sensitive = options.flag("case_sensitive", false);
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Exact>(case_sensitive);
}

}  // namespace ipw::replay
