#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replay/dialect.hpp"

namespace ipw::replay {

// Servers send the same message for every token and change nothing in it but the text. Once a message said one text and
// nothing else, those that differ from it in that text alone need no parser: an answer of a thousand tokens is parsed a
// few times. One answer, one thread.
class RepeatedMessage {
 public:
  // `message` is JSON, and `event` the one event that it gave, its text a member of it.
  void learn(std::string_view message, const StreamEvent& event);
  void forget() { after_.clear(); }
  // The text of `message`, if it is the learnt one with another text; nothing when it has to be parsed, which is also
  // so for an empty text and for one that is not plain ASCII.
  std::optional<std::string_view> text_of(std::string_view message) const;
  StreamEvent::Kind kind() const { return kind_; }

 private:
  std::string before_, after_;  // what stands around the text; its quotes included
  StreamEvent::Kind kind_{};
};

}  // namespace ipw::replay
