#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/options.hpp"

namespace ipw::testing {

// Reads lines of `key: value`, where a value is a word, 'quoted', [a, list], {a: map} or nothing: as much of YAML as
// the tests of the lower layers need, which cannot reach the real parser. Places are those of the text.
class OptionsText {
 public:
  explicit OptionsText(std::string_view text) : text_(text) {}

  OptionsNode lines() {
    OptionsNode root = node(OptionsNode::Kind::map);
    while (position_ < text_.size()) {
      entry(root);
      take('\n');
    }
    return root;
  }

 private:
  OptionsNode node(OptionsNode::Kind kind) const {
    OptionsNode made;
    made.kind = kind;
    made.line = line_;
    made.column = static_cast<int>(position_ - line_begin_) + 1;
    return made;
  }
  bool take(char c) {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    if (c == '\n') {
      ++line_;
      line_begin_ = position_;
    }
    return true;
  }
  std::string word(std::string_view ends) {
    const auto begin = position_;
    while (position_ < text_.size() && ends.find(text_[position_]) == std::string_view::npos) ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }
  void entry(OptionsNode& map) {
    take(' ');
    const auto key = node(OptionsNode::Kind::scalar);
    auto name = word(":");
    take(':');
    auto child = value();
    child.key_line = key.line;
    child.key_column = key.column;
    map.entries.emplace_back(std::move(name), std::move(child));
  }
  OptionsNode value() {
    take(' ');
    auto made = node(OptionsNode::Kind::scalar);
    if (take('{')) {
      made.kind = OptionsNode::Kind::map;
      while (!take('}')) {
        entry(made);
        take(',');
      }
    } else if (take('[')) {
      made.kind = OptionsNode::Kind::list;
      while (!take(']')) {
        made.items.push_back(value());
        take(',');
      }
    } else if (take('\'')) {
      made.text = word("'");
      take('\'');
    } else {
      made.text = word(",]}\n");
      if (made.text.empty()) made.kind = OptionsNode::Kind::null;
    }
    return made;
  }

  std::string_view text_;
  std::size_t position_{0}, line_begin_{0};
  int line_{1};
};

// The options that a configuration file `test.yaml` of this text would give.
inline Options options_from(std::string_view text) {
  return {"test.yaml", OptionsText(text).lines()};
}

}  // namespace ipw::testing
