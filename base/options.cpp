#include "base/options.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "base/quantity_text.hpp"
#include "base/text.hpp"

namespace ipw {
namespace {

std::string at(const std::string& file, int line, int column) {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string_view kind_name(OptionsNode::Kind kind) {
  constexpr std::string_view kNames[] = {"nothing", "a single value", "a list", "a map"};
  return kNames[static_cast<int>(kind)];
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

bool is_within(const std::string& path, const std::string& tree) {
  if (!path.starts_with(tree)) return false;
  return path.size() == tree.size() || tree.empty() || path[tree.size()] == '.' || path[tree.size()] == '[';
}

}  // namespace

struct Options::State {
  std::string file;
  OptionsNode root;
  std::deque<OptionsNode> absent;  // what child() gave for maps that are not there
  std::map<const OptionsNode*, std::set<std::string, std::less<>>> asked;  // per map: the keys that code knows
  std::map<std::string, std::string> fallbacks;                            // of all of them, by path
  std::vector<Failure> failures;
};

Options::Options(std::string file, OptionsNode root) : state_(std::make_shared<State>()), node_(&state_->root) {
  state_->file = std::move(file);
  state_->root = std::move(root);
  if (node_->kind != OptionsNode::Kind::map && node_->kind != OptionsNode::Kind::null)
    fail({}, "expected a map of keys and values, got " + std::string(kind_name(node_->kind)));
}

Options::Options(std::shared_ptr<State> state, const OptionsNode* node, std::string path)
    : state_(std::move(state)), node_(node), path_(std::move(path)) {}

Options Options::none() {
  return {"built-in", OptionsNode{}};
}

void Options::remember(std::string_view key, std::string_view fallback) {
  state_->fallbacks[qualified(key)] = fallback;
}

const std::map<std::string, std::string>& Options::asked() const {
  return state_->fallbacks;
}

const OptionsNode* Options::find(std::string_view key) {
  state_->asked[node_].emplace(key);
  state_->fallbacks.try_emplace(qualified(key));
  for (const auto& [name, value] : node_->entries) {
    if (name != key) continue;
    return value.kind == OptionsNode::Kind::null ? nullptr : &value;
  }
  return nullptr;
}

bool Options::has(std::string_view key) {
  return kind(key) != OptionsNode::Kind::null;
}

OptionsNode::Kind Options::kind(std::string_view key) {
  state_->asked[node_].emplace(key);
  state_->fallbacks.try_emplace(qualified(key));
  for (const auto& [name, value] : node_->entries)
    if (name == key) return value.kind;
  return OptionsNode::Kind::null;
}

const OptionsNode* Options::scalar(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr || node->kind == OptionsNode::Kind::scalar) return node;
  fail(key, "expected a single value, got " + std::string(kind_name(node->kind)));
  return nullptr;
}

std::string Options::text(std::string_view key, std::string_view fallback) {
  remember(key, fallback);
  const auto* node = scalar(key);
  return node == nullptr ? std::string(fallback) : node->text;
}

std::string Options::file(std::string_view key, std::string_view fallback) {
  const auto name = text(key, fallback);
  return name.empty() ? name : (std::filesystem::path(state_->file).parent_path() / name).string();
}

bool Options::require(std::string_view key) {
  if (has(key)) return true;
  const auto* place = node_;
  for (const auto& [name, value] : node_->entries)
    if (name == key) place = &value;
  record(place->line, place->column, true, "`" + qualified(key) + "` is missing: it has no default");
  return false;
}

std::string Options::required_text(std::string_view key) {
  if (!require(key)) return {};
  const auto* node = scalar(key);
  if (node != nullptr && node->text.empty()) fail(key, "`" + qualified(key) + "` must not be empty");
  return node == nullptr ? std::string{} : node->text;
}

std::string Options::one_of(std::string_view key, std::string_view fallback,
                            const std::vector<std::string_view>& accepted) {
  auto value = text(key, fallback);
  if (std::ranges::find(accepted, value) == accepted.end())
    fail(key, "unknown value " + did_you_mean(value, accepted) + " (accepted: " + join(accepted, ", ") + ")");
  return value;
}

bool Options::flag(std::string_view key, bool fallback) {
  remember(key, fallback ? "true" : "false");
  const auto* node = scalar(key);
  if (node == nullptr) return fallback;
  if (node->text == "true" || node->text == "false") return node->text == "true";
  fail(key, "expected true or false, got `" + node->text + "`");
  return fallback;
}

template <class T>
T Options::parsed(std::string_view key, T fallback, Range<double> range, Form<T> form) {
  const auto plain = [](const T& value) {
    if constexpr (std::is_same_v<T, Seconds>)
      return value.value;
    else
      return static_cast<double>(value);
  };
  remember(key, shown(plain(fallback)).append(trim(form.unit)));
  const auto* node = scalar(key);
  if (node == nullptr) return fallback;
  const auto value = form.parse(node->text);
  if (!value) {
    fail(key, value.error().message);
    return fallback;
  }
  const double number = plain(*value);
  if (number >= range.least && number <= range.most) return *value;
  const auto least = shown(range.least).append(form.unit), most = shown(range.most).append(form.unit);
  fail(key,
       "`" + node->text + "` is out of range: " + (range.most >= 1e9 ? "at least " + least : least + " to " + most));
  return fallback;
}

std::int64_t Options::integer(std::string_view key, std::int64_t fallback, Range<std::int64_t> range) {
  return parsed(key, fallback, {static_cast<double>(range.least), static_cast<double>(range.most)}, {parse_integer});
}
double Options::number(std::string_view key, double fallback, Range<double> range) {
  return parsed(key, fallback, range, {parse_number});
}
std::optional<double> Options::optional_number(std::string_view key, Range<double> range) {
  if (!has(key)) return std::nullopt;
  return number(key, 0, range);
}
Seconds Options::duration(std::string_view key, Seconds fallback, Range<double> range) {
  return parsed(key, fallback, range, {parse_duration, " s"});
}
double Options::rate(std::string_view key, double fallback, Range<double> range) {
  return parsed(key, fallback, range, {parse_rate, "/s"});
}
std::int64_t Options::size(std::string_view key, std::int64_t fallback, Range<std::int64_t> range) {
  return parsed(key, fallback, {static_cast<double>(range.least), static_cast<double>(range.most)}, {parse_size});
}

std::vector<std::string> Options::texts(std::string_view key, std::vector<std::string> fallback) {
  if (fallback.size() == 1) remember(key, fallback.front());
  const auto* node = find(key);
  if (node == nullptr) return fallback;
  if (node->kind == OptionsNode::Kind::scalar) return {node->text};
  std::vector<std::string> values;
  for (const auto& item : node->items) {
    if (item.kind != OptionsNode::Kind::scalar)
      fail_at(item, false, "expected a single value in `" + std::string(key) + "`");
    values.push_back(item.text);
  }
  if (node->kind == OptionsNode::Kind::map) fail(key, "expected a value or a list of values, got a map");
  return values;
}

std::vector<std::pair<std::string, std::string>> Options::text_map(std::string_view key) {
  const auto* node = find(key);
  std::vector<std::pair<std::string, std::string>> pairs;
  if (node == nullptr) return pairs;
  if (node->kind != OptionsNode::Kind::map) fail(key, "expected a map, got " + std::string(kind_name(node->kind)));
  for (const auto& [name, value] : node->entries) {
    if (value.kind != OptionsNode::Kind::scalar) fail_at(value, true, "expected a single value for `" + name + "`");
    pairs.emplace_back(name, value.text);
  }
  return pairs;
}

Options Options::child(std::string_view key) {
  const auto* node = find(key);
  const auto path = qualified(key);
  if (node == nullptr) {
    auto& empty = state_->absent.emplace_back();
    std::tie(empty.line, empty.column) = std::tie(node_->line, node_->column);
    return {state_, &empty, path};
  }
  if (node->kind != OptionsNode::Kind::map) fail(key, "expected a map, got " + std::string(kind_name(node->kind)));
  return {state_, node, path};
}

std::vector<Options> Options::children(std::string_view key) {
  const auto* node = find(key);
  std::vector<Options> all;
  if (node == nullptr) return all;
  if (node->kind != OptionsNode::Kind::list) fail(key, "expected a list, got " + std::string(kind_name(node->kind)));
  for (const auto& item : node->items) {
    if (item.kind != OptionsNode::Kind::map) fail_at(item, false, "expected a map in `" + std::string(key) + "`");
    all.push_back(Options{state_, &item, qualified(key) + "[" + std::to_string(all.size()) + "]"});
  }
  return all;
}

OptionsNode Options::raw(std::string_view key) {
  const auto* node = find(key);
  return node == nullptr ? OptionsNode{} : *node;
}

void Options::fail(std::string_view key, std::string_view message) {
  for (const auto& [name, value] : node_->entries)
    if (!key.empty() && name == key) return fail_at(value, false, message);
  fail_at(*node_, false, message);
}

void Options::fail_at(const OptionsNode& node, bool at_key, std::string_view message) {
  if (at_key)
    record(node.key_line, node.key_column, false, message);
  else
    record(node.line, node.column, false, message);
}

void Options::record(int line, int column, bool missing, std::string_view message) {
  state_->failures.push_back({path_, line, column, missing, std::string(message)});
}

std::string Options::place(std::string_view key) const {
  for (const auto& [name, value] : node_->entries)
    if (name == key) return at(state_->file, value.line, value.column);
  return at(state_->file, node_->line, node_->column);
}

std::string Options::qualified(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

// A sub-tree that was handed on but in which nobody has asked for anything yet is left to its reader.
std::optional<Options::Failure> Options::unknown(const OptionsNode& node) const {
  std::vector<std::string_view> known;
  if (const auto asked = state_->asked.find(&node); asked != state_->asked.end())
    known.assign(asked->second.begin(), asked->second.end());
  for (const auto& [name, value] : node.entries) {
    if (std::ranges::find(known, name) == known.end())
      return Failure{path_, value.key_line, value.key_column, false,
                     "unknown key " + did_you_mean(name, known) +
                         (known.empty() ? "" : " (known here: " + join(known, ", ") + ")")};
    if (state_->asked.contains(&value))
      if (auto found = unknown(value)) return found;
    for (const auto& item : value.items)
      if (state_->asked.contains(&item))
        if (auto found = unknown(item)) return found;
  }
  return std::nullopt;
}

Result<void> Options::finish() {
  std::vector<Failure> found;
  for (const auto& failure : state_->failures)
    if (is_within(failure.path, path_)) found.push_back(failure);
  if (auto failure = unknown(*node_)) found.push_back(std::move(*failure));
  if (found.empty()) return {};
  // What is missing comes last: a misspelt key is the better explanation.
  const auto first = std::ranges::min_element(
      found, {}, [](const Failure& f) { return std::make_tuple(f.missing, f.line, f.column); });
  return Error{Errc::invalid, at(state_->file, first->line, first->column) + ": " + first->message};
}

}  // namespace ipw
