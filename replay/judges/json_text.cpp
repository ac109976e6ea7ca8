#include "replay/judges/json_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "replay/json_depth.hpp"
#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kMostPieces = 64;

// Keeps the last few pieces, in the order of the text.
void keep(std::vector<std::string_view>& pieces, std::string_view piece) {
  if (pieces.size() == 2 * kMostPieces) pieces.erase(pieces.begin(), pieces.begin() + kMostPieces);
  pieces.push_back(piece);
}

// What stands in ```json … ``` or ``` … ```.
std::vector<std::string_view> fenced(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t inside = 0;  // offset of what the open fence encloses, 0 when there is none
  bool is_json = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = trim(text.substr(begin, end - begin));
    if (line.starts_with("```")) {
      const auto mark = trim(line.substr(3));
      if (inside != 0) {
        if (is_json) keep(pieces, trim(text.substr(inside, begin - inside)));
        inside = 0;
      } else if (end < text.size()) {
        inside = end + 1;
        is_json = mark.empty() || begins_with(mark, "json");
      }
    }
    begin = end + 1;
  }
  return pieces;
}

// Finds the outermost balanced brackets. An opening bracket that nothing closes does not hide what follows it, and a
// quotation mark in the prose does not outlast its line: JSON has no line breaks in strings.
class Brackets {
 public:
  explicit Brackets(std::string_view text) : text_(text) {
    for (at_ = 0; at_ < text.size(); ++at_)
      if (in_string_)
        string();
      else
        plain();
  }
  std::vector<std::string_view> pieces() && { return std::move(pieces_); }

 private:
  void string() {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n')
      ++at_;
    else if (text_[at_] == '"')
      in_string_ = false;
    else if (text_[at_] == '\n')
      in_string_ = false, open_.clear();
  }

  void plain() {
    const char c = text_[at_];
    if (c == '{' || c == '[')
      open_.push_back(at_);
    else if (c == '"')
      in_string_ = !open_.empty();
    else if ((c == '}' || c == ']') && !open_.empty())
      close(c == '}' ? '{' : '[');
  }

  void close(char opener) {
    const auto begin = open_.back();
    if (text_[begin] != opener) return open_.clear();
    open_.pop_back();
    while (!pieces_.empty() && pieces_.back().data() > text_.data() + begin) pieces_.pop_back();
    keep(pieces_, text_.substr(begin, at_ + 1 - begin));
  }

  std::string_view text_;
  std::size_t at_{0};
  bool in_string_{false};
  std::vector<std::size_t> open_;
  std::vector<std::string_view> pieces_;
};

void add_from_the_last(std::vector<std::string_view>& all, std::vector<std::string_view> pieces) {
  const auto count = std::min(pieces.size(), kMostPieces);
  all.insert(all.end(), pieces.rbegin(), pieces.rbegin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

std::vector<std::string_view> json_candidates(std::string_view text) {
  std::vector<std::string_view> all{trim(text)};
  add_from_the_last(all, fenced(text));
  add_from_the_last(all, Brackets(text).pieces());
  return all;
}

bool asks_for_json(std::string_view answer) {
  answer = trim(answer);
  if (!answer.starts_with('{') && !answer.starts_with('[')) return false;
  if (is_too_deep(answer)) return false;
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  return json.is_object() ||
         (json.is_array() && std::ranges::any_of(json, [](const auto& item) { return !item.is_number(); }));
}

std::string member_path(const std::string& path, std::string_view name) {
  std::string own = path;
  return own.append(".").append(name);
}

std::string item_path(const std::string& path, std::size_t index) {
  std::string own = path;
  return own.append("[").append(std::to_string(index)).append("]");
}

}  // namespace ipw::replay
