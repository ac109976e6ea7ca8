#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "replay/dialect.hpp"
#include "replay/framing.hpp"

namespace ipw::replay {

// Decodes the answer to a chat completion: a stream of server-sent events as OpenAI, vLLM, llama.cpp, SGLang and their
// imitators write them, or one JSON object where the server does not stream. One stream, one thread.
//
// Usage may come in a frame of its own, with the last token or with every token: the last stated value of each field
// counts. `[DONE]` may be missing where a finish reason was given.
class ChatDecoder final : public StreamDecoder {
 public:
  Result<void> feed(std::string_view bytes, std::vector<StreamEvent>& out) override;
  Result<Usage> finish() override;

 private:
  enum class Form { unknown, events, object, neither };

  void sniff(std::string_view& bytes);
  void keep_beginning(std::string_view bytes);
  Result<void> feed_object(std::string_view bytes, std::vector<StreamEvent>& out);
  Result<void> digest(std::string_view data, std::vector<StreamEvent>& out);
  Error neither() const;

  Form form_{Form::unknown};
  SseFramer framer_;
  std::string beginning_;  // of the body, for messages
  std::string object_;     // the body so far, when it is one JSON object
  int depth_{0};           // of brackets open in object_
  bool in_string_{false}, escaped_{false};
  std::size_t messages_{0};  // JSON objects digested
  bool done_{false};         // [DONE], a finish reason, or a whole object came
  Usage usage_;
};

}  // namespace ipw::replay
