#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ipw::replay {

// How plainly a text says that what follows is its answer; the plainest first.
enum class Anchor : std::uint8_t {
  boxed,         // \boxed{…
  marked,        // #### …            (GSM8K's own mark; also a Markdown heading, so judges look twice)
  final_answer,  // final answer is/: …
  answer,        // the (correct) answer is/: …, Antwort: …, la respuesta es …, 答案是…
  label,         // A: … at the beginning of a line
};

struct Statement {
  Anchor anchor;
  std::string_view quote;  // from the cue on: what people should see
  std::string_view said;   // what follows cue and connector: to the end of that line or the next cue
};

// Finds where a text states its answer, in order. Hedges (`could be`, `is not`) and mere mentions of the word (`the
// answer choices`) are no statements. Linear time, no allocation.
//
//   Statements statements(text);
//   while (const auto statement = statements.next()) …
class Statements {
 public:
  explicit Statements(std::string_view text) : text_(text), ahead_(find(0)) {}
  std::optional<Statement> next();

 private:
  struct Cue {
    Anchor anchor;
    std::size_t begin, said;
  };
  std::optional<Cue> find(std::size_t from) const;
  std::optional<Cue> cue_at(std::size_t at) const;

  std::string_view text_;
  std::optional<Cue> ahead_;
};

}  // namespace ipw::replay
