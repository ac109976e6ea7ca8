#include "replay/prompt_template.hpp"

#include <algorithm>

namespace ipw::replay {
namespace {

constexpr std::string_view kPrompt = "{prompt}", kSystem = "{system}";

}  // namespace

PromptTemplate PromptTemplate::read(Options& request, const std::string& system) {
  const auto text = request.text("template", system.empty() ? "{prompt}" : "{system}\n\n{prompt}");
  if (text.find(kPrompt) == std::string::npos)
    request.fail("template", "`template` must say where the problem goes: {prompt}");
  else if (!system.empty() && text.find(kSystem) == std::string::npos)
    request.fail("template", "`template` must say where `system` goes: {system}");

  PromptTemplate made;
  made.pieces_.emplace_back();
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.starts_with(kPrompt)) {
      made.pieces_.emplace_back();
      rest.remove_prefix(kPrompt.size());
    } else if (rest.starts_with(kSystem)) {
      made.pieces_.back() += system;
      rest.remove_prefix(kSystem.size());
    } else {
      const auto size = std::min(rest.find('{', 1), rest.size());
      made.pieces_.back() += rest.substr(0, size);
      rest.remove_prefix(size);
    }
  }
  return made;
}

std::string PromptTemplate::fill(std::string_view problem) const {
  std::string text = pieces_.front();
  for (std::size_t i = 1; i < pieces_.size(); ++i) {
    text += problem;
    text += pieces_[i];
  }
  return text;
}

}  // namespace ipw::replay
