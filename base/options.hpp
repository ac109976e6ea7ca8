#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw {

// A configuration as it stands in its file: what the YAML parser gives, without the parser. Lines and columns count
// from 1. Exactly one of text, items, entries is in use, by `kind`.
struct OptionsNode {
  enum class Kind { null, scalar, list, map };
  struct Entry;
  Kind kind{Kind::null};
  std::string text;
  std::vector<OptionsNode> items;
  std::vector<Entry> entries;
  int line{0}, column{0};          // of the value
  int key_line{0}, key_column{0};  // of its key, in a map
  bool quoted{false};              // a scalar written in quotes: a text, whatever it looks like
};
struct OptionsNode::Entry {
  Entry(std::string k, OptionsNode v) : key(std::move(k)), value(std::move(v)) {}
  std::string key;
  OptionsNode value;
};

// A closed range of accepted values.
template <class T>
struct Range {
  T least{std::numeric_limits<T>::lowest()};
  T most{std::numeric_limits<T>::max()};
};

// A component's own sub-tree of the configuration. It reads its keys with the typed getters, each of which returns the
// fallback when the key is absent or wrong; finish() then tells the first thing in the file that is wrong, a bad value
// or a key that nobody asked for, and only then what is missing; each as `FILE:LINE:COLUMN: message` with the nearest
// known key.
//
//   Rapl open(Options& options) {
//     const auto zones = options.texts("zones", {});
//     if (auto ok = options.finish(); !ok) return ok.error();
//
// A cheap handle: copies and children share what was read and what was wrong. Used by one thread, at start-up.
class Options {
 public:
  Options(std::string file, OptionsNode root);
  // An empty map, for components that are opened without configuration.
  static Options none();

  // Whether the key is there with a value, and of which kind.
  bool has(std::string_view key);
  OptionsNode::Kind kind(std::string_view key);
  // As has(), and an absent key is an error.
  bool require(std::string_view key);
  std::string text(std::string_view key, std::string_view fallback);
  std::string required_text(std::string_view key);
  // The name of a file or folder; a relative one begins in the folder of the configuration file.
  std::string file(std::string_view key, std::string_view fallback);
  std::string one_of(std::string_view key, std::string_view fallback, const std::vector<std::string_view>& accepted);
  bool flag(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, Range<std::int64_t> range = {});
  double number(std::string_view key, double fallback, Range<double> range = {});
  std::optional<double> optional_number(std::string_view key, Range<double> range = {});
  Seconds duration(std::string_view key, Seconds fallback, Range<double> range_seconds = {0, 1e9});
  double rate(std::string_view key, double fallback_per_second, Range<double> range_per_second = {});
  std::int64_t size(std::string_view key, std::int64_t fallback_bytes, Range<std::int64_t> range = {});
  // One scalar or a list of scalars.
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
  // A map of scalars, in the order of the file; its keys are the user's own.
  std::vector<std::pair<std::string, std::string>> text_map(std::string_view key);
  // A nested map; empty when absent.
  Options child(std::string_view key);
  // A list of maps; empty when absent.
  std::vector<Options> children(std::string_view key);
  // The sub-tree as it stands, marked as read; null when absent. For what is passed on unchanged (JSON bodies).
  OptionsNode raw(std::string_view key);

  // Records that `key` (or, when empty, this map itself) has a wrong value.
  void fail(std::string_view key, std::string_view message);
  // The place of `key` as FILE:LINE:COLUMN, or of this map when the key is absent.
  std::string place(std::string_view key = {}) const;

  // The first error of this sub-tree.
  Result<void> finish();

  // Every key that anyone has asked for, in the whole file, by its path (`targets[0].retry.attempts`), with what stands
  // for it when it is absent, as it would be written; "" where nothing does, or no single value. What documentation is
  // held against.
  const std::map<std::string, std::string>& asked() const;

 private:
  struct State;
  struct Failure {
    std::string path;
    int line, column;
    bool missing;
    std::string message;
  };
  Options(std::shared_ptr<State> state, const OptionsNode* node, std::string path);

  const OptionsNode* find(std::string_view key);
  const OptionsNode* scalar(std::string_view key);
  void remember(std::string_view key, std::string_view fallback);
  template <class T>
  struct Form {
    Result<T> (*parse)(std::string_view);
    std::string_view unit{};  // in which a range is told
  };
  template <class T>
  T parsed(std::string_view key, T fallback, Range<double> range, Form<T> form);
  std::optional<Failure> unknown(const OptionsNode& node) const;
  void fail_at(const OptionsNode& node, bool at_key, std::string_view message);
  void record(int line, int column, bool missing, std::string_view message);
  std::string qualified(std::string_view key) const;

  std::shared_ptr<State> state_;
  const OptionsNode* node_;
  std::string path_;
};

}  // namespace ipw
