#include "replay/server_identity.hpp"

#include <utility>

#include "replay/digest.hpp"
#include "replay/json_view.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kShown = 12;  // digits of a digest

using Names = std::pair<const char*, const char*>;  // the server's, ours

constexpr Names kOfServer[] = {{"build_info", "engine_version"}, {"version", "engine_version"},
                               {"model_sha", "model_digest"},    {"model_path", "model_path"},
                               {"model_id", "model_path"},       {"quantization", "quantization"},
                               {"model_dtype", "dtype"},         {"dtype", "dtype"}};
constexpr Names kOfModel[] = {{"digest", "model_digest"}, {"root", "model_path"}};
constexpr Names kDetails[] = {{"quantization_level", "quantization"}, {"parameter_size", "parameters"}};
constexpr Names kMeta[] = {{"size", "model_bytes"}, {"n_params", "parameters"}};

template <std::size_t N>
void take(JsonView from, const Names (&names)[N], ServerIdentity& identity) {
  for (const auto& [theirs, ours] : names) {
    const auto value = from[theirs];
    if (const auto text = value.text(); !text.empty()) identity[ours] = text;
    if (const auto number = value.count()) identity[ours] = std::to_string(*number);
  }
}

std::string_view without_latest(std::string_view name) {
  constexpr std::string_view kLatest = ":latest";
  if (name.ends_with(kLatest)) name.remove_suffix(kLatest.size());
  return name;
}

bool is_called(JsonView entry, std::string_view model) {
  for (const auto* key : {"id", "name", "model"})
    if (without_latest(entry[key].text()) == without_latest(model)) return true;
  return false;
}

// llama.cpp serves one model, whatever it is asked for.
void read_model(JsonView list, std::string_view model, ServerIdentity& identity) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list.item(i);
    const bool only = list.size() == 1 && entry["owned_by"].text() == "llamacpp";
    if (!only && !is_called(entry, model)) continue;
    take(entry, kOfModel, identity);
    take(entry["details"], kDetails, identity);
    take(entry["meta"], kMeta, identity);
    return;
  }
}

}  // namespace

void read_identity(std::string_view page, std::string_view model, ServerIdentity& identity) {
  const JsonDocument document(page);
  const auto root = document.root();
  take(root, kOfServer, identity);
  if (const auto text = root["chat_template"].text(); !text.empty())
    identity["chat_template"] = sha256({text}).substr(0, kShown);
  for (const auto* key : {"data", "models"})
    if (root[key].is_list()) read_model(root[key], model, identity);
}

}  // namespace ipw::replay
