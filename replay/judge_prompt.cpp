#include "replay/judge_prompt.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "replay/digest.hpp"

namespace ipw::replay {
namespace {

std::string text_of(Options& options, std::string_view standard) {
  const auto path = options.file("prompt", "");
  if (path.empty()) return std::string(standard);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && text << file.rdbuf()) return text.str();
  options.fail("prompt", "cannot read `" + path + "`: " + (errno != 0 ? std::strerror(errno) : "it is empty"));
  return std::string(standard);
}

// The word between the brace at `begin` and the next one; "" where it is no name.
std::string_view name_at(std::string_view text, std::size_t begin) {
  const auto end = text.find('}', begin);
  if (end == std::string_view::npos) return {};
  const auto name = text.substr(begin + 1, end - begin - 1);
  return std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; }) ? name : std::string_view{};
}

}  // namespace

JudgePrompt JudgePrompt::read(Options& options, std::string_view standard, std::vector<std::string_view> names) {
  const auto text = text_of(options, standard);
  auto missing = names;
  JudgePrompt prompt;
  std::size_t done = 0;
  for (auto at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    const auto name = name_at(text, at);
    if (name.empty()) continue;
    const auto known = std::ranges::find(names, name);
    if (known == names.end()) {
      options.fail("prompt",
                   "unknown placeholder {" + std::string(name) + "} (accepted: {" + join(names, "}, {") + "})");
      continue;
    }
    std::erase(missing, name);
    prompt.pieces_.push_back({text.substr(done, at - done), *known});
    done = at + name.size() + 2;
  }
  prompt.pieces_.push_back({text.substr(done), {}});
  if (!missing.empty()) options.fail("prompt", "the prompt has no place for {" + join(missing, "}, {") + "}");
  return prompt;
}

std::string JudgePrompt::fill(const Texts& texts) const {
  std::string filled;
  for (const auto& [text, name] : pieces_) {
    filled += text;
    const auto found = std::ranges::find(texts, name, &Texts::value_type::first);
    if (found != texts.end()) filled += found->second;
  }
  return filled;
}

std::string JudgePrompt::digest() const {
  std::string whole;
  for (const auto& [text, name] : pieces_) whole.append(text).append("{").append(name).append("}");
  return sha256({whole}).substr(0, 16);
}

}  // namespace ipw::replay
