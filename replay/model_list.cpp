#include "replay/model_list.hpp"

#include "replay/excerpt.hpp"
#include "replay/json_view.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kShown = 8;

std::string_view without_latest(std::string_view name) {
  constexpr std::string_view kLatest = ":latest";
  if (name.ends_with(kLatest)) name.remove_suffix(kLatest.size());
  return name;
}

bool takes_any_name(JsonView entry) {
  const auto owner = entry["owned_by"].text();
  return owner == "llamacpp" || owner == "sglang";
}

}  // namespace

std::optional<std::string> missing_model(std::string_view page, std::string_view model) {
  const JsonDocument document(page);
  const auto root = document.root();
  const auto list = root["data"].is_list() ? root["data"] : root["models"];
  if (!list.is_list()) return std::nullopt;
  std::string there;
  std::size_t named = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list.item(i);
    if (takes_any_name(entry)) return std::nullopt;
    for (const auto* key : {"id", "name", "model"})
      if (const auto name = entry[key].text(); !name.empty() && without_latest(name) == without_latest(model))
        return std::nullopt;
    const auto name = entry["id"] ? entry["id"].text() : entry["name"].text();
    if (!name.empty() && named++ < kShown) there += (there.empty() ? "" : ", ") + excerpt(name, 80);
  }
  if (list.size() > 0 && named == 0) return std::nullopt;
  if (named > kShown) there += " and " + std::to_string(named - kShown) + " more";
  return "the server does not serve the model `" + std::string(model) + "`" +
         (there.empty() ? ": it serves none" : "; it serves " + there);
}

}  // namespace ipw::replay
