#include "base/options.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/quantity_text.hpp"
#include "base/text.hpp"

namespace ipw {
namespace {

std::string at(const std::string& file, int line, int column) {
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
  return path.compare(0, tree.size(), tree) == 0 && (path.size() == tree.size() || tree.empty() || path[tree.size()] == '.' || path[tree.size()] == '[');
}

}  // namespace

struct Options::State {
  struct Failure {
    std::string path;
    Error error;
  };
  std::string file;
  OptionsNode root;
  std::set<const OptionsNode*> read;
  std::map<const OptionsNode*, std::set<std::string, std::less<>>> asked;  // per map: the keys that code knows
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

Options Options::none() { return {"built-in", OptionsNode{}}; }

const OptionsNode* Options::find(std::string_view key) {
  state_->asked[node_].emplace(key);
  for (const auto& [name, value] : node_->entries) {
    if (name != key) continue;
    state_->read.insert(&value);
    return value.kind == OptionsNode::Kind::null ? nullptr : &value;
  }
  return nullptr;
}

bool Options::has(std::string_view key) {
  state_->asked[node_].emplace(key);
  return std::ranges::any_of(node_->entries, [&](const auto& entry) {
    return entry.first == key && entry.second.kind != OptionsNode::Kind::null;
  });
}

const OptionsNode* Options::scalar(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr || node->kind == OptionsNode::Kind::scalar) return node;
  fail(key, "expected a single value, got " + std::string(kind_name(node->kind)));
  return nullptr;
}

std::string Options::text(std::string_view key, std::string_view fallback) {
  const auto* node = scalar(key);
  return node == nullptr ? std::string(fallback) : node->text;
}

std::string Options::required_text(std::string_view key) {
  const auto* node = scalar(key);
  if (node != nullptr && !node->text.empty()) return node->text;
  fail(node == nullptr ? std::string_view{} : key, "`" + std::string(key) + "` is missing: it has no default");
  return {};
}

std::string Options::one_of(std::string_view key, std::string_view fallback, const std::vector<std::string_view>& accepted) {
  auto value = text(key, fallback);
  if (std::ranges::find(accepted, value) == accepted.end())
    fail(key, "unknown value " + did_you_mean(value, accepted) + " (accepted: " + join(accepted, ", ") + ")");
  return value;
}

bool Options::flag(std::string_view key, bool fallback) {
  const auto* node = scalar(key);
  if (node == nullptr) return fallback;
  if (node->text == "true" || node->text == "false") return node->text == "true";
  fail(key, "expected true or false, got `" + node->text + "`");
  return fallback;
}

template <class T, class Parse>
T Options::parsed(std::string_view key, T fallback, Range<double> range, Parse parse) {
  const auto* node = scalar(key);
  if (node == nullptr) return fallback;
  const auto value = parse(node->text);
  if (!value) {
    fail(key, value.error().message);
    return fallback;
  }
  double number;
  if constexpr (std::is_same_v<T, Seconds>) number = value->value;
  else number = static_cast<double>(*value);
  if (number >= range.least && number <= range.most) return *value;
  fail(key, "`" + node->text + "` is out of range: " +
                (range.most >= 1e9 ? "at least " + shown(range.least) : shown(range.least) + " to " + shown(range.most)));
  return fallback;
}

std::int64_t Options::integer(std::string_view key, std::int64_t fallback, Range<std::int64_t> range) {
  return parsed(key, fallback, {static_cast<double>(range.least), static_cast<double>(range.most)}, parse_integer);
}
double Options::number(std::string_view key, double fallback, Range<double> range) {
  return parsed(key, fallback, range, parse_number);
}
std::optional<double> Options::optional_number(std::string_view key, Range<double> range) {
  if (!has(key)) return std::nullopt;
  return number(key, 0, range);
}
Seconds Options::duration(std::string_view key, Seconds fallback, Range<double> range) {
  return parsed(key, fallback, range, parse_duration);
}
double Options::rate(std::string_view key, double fallback, Range<double> range) {
  return parsed(key, fallback, range, parse_rate);
}
std::int64_t Options::size(std::string_view key, std::int64_t fallback, Range<std::int64_t> range) {
  return parsed(key, fallback, {static_cast<double>(range.least), static_cast<double>(range.most)}, parse_size);
}

std::vector<std::string> Options::texts(std::string_view key, std::vector<std::string> fallback) {
  const auto* node = find(key);
  if (node == nullptr) return fallback;
  if (node->kind == OptionsNode::Kind::scalar) return {node->text};
  std::vector<std::string> values;
  for (const auto& item : node->items) {
    if (item.kind != OptionsNode::Kind::scalar) fail_at(item, false, "expected a single value in `" + std::string(key) + "`");
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
  static const OptionsNode kEmpty;
  const auto* node = find(key);
  const auto path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  if (node == nullptr) return {state_, &kEmpty, path};
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
    auto path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
    path += "[" + std::to_string(all.size()) + "]";
    all.push_back(Options{state_, &item, path});
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
  const auto where = at_key ? at(state_->file, node.key_line, node.key_column) : at(state_->file, node.line, node.column);
  state_->failures.push_back({path_, {Errc::invalid, where + ": " + std::string(message)}});
}

std::string Options::place(std::string_view key) const {
  for (const auto& [name, value] : node_->entries)
    if (name == key) return at(state_->file, value.line, value.column);
  return at(state_->file, node_->line, node_->column);
}

std::string Options::unread(const OptionsNode& node, const std::string& path) const {
  const auto asked = state_->asked.find(&node);
  for (const auto& [name, value] : node.entries) {
    if (!state_->read.contains(&value)) {
      std::vector<std::string_view> known;
      if (asked != state_->asked.end()) known.assign(asked->second.begin(), asked->second.end());
      return at(state_->file, value.key_line, value.key_column) + ": unknown key " + did_you_mean(name, known) +
             (known.empty() ? "" : " (known here: " + join(known, ", ") + ")");
    }
    if (!state_->asked.contains(&value)) {
      for (const auto& item : value.items)
        if (state_->asked.contains(&item))
          if (auto found = unread(item, path); !found.empty()) return found;
      continue;
    }
    if (auto found = unread(value, path + "." + name); !found.empty()) return found;
  }
  return {};
}

Result<void> Options::finish() {
  for (const auto& failure : state_->failures)
    if (is_within(failure.path, path_)) return failure.error;
  if (auto message = unread(*node_, path_); !message.empty()) return Error{Errc::invalid, message};
  return {};
}

}  // namespace ipw
