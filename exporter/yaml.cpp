#include "exporter/yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>

namespace ipw {
namespace {

// Far beyond any configuration, and small enough that aliases of aliases cannot fill the memory.
constexpr int kMaxDepth = 32;
constexpr int kMaxNodes = 20000;

Error error_at(const std::string& name, const YAML::Mark& mark, const std::string& message) {
  if (mark.is_null()) return {Errc::invalid, name + ": " + message};
  return {Errc::invalid,
          name + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " + message};
}

class TreeReader {
 public:
  explicit TreeReader(const std::string& name) : name_(name) {}

  Result<OptionsNode> read(const YAML::Node& node, int depth = 0) {
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes)
      return error_at(name_, node.Mark(), "nested too deeply, or an alias that contains itself");
    OptionsNode tree;
    tree.line = node.Mark().line + 1;
    tree.column = node.Mark().column + 1;
    if (node.IsScalar()) {
      tree.kind = OptionsNode::Kind::scalar;
      tree.text = node.Scalar();
    }
    if (node.IsSequence()) {
      tree.kind = OptionsNode::Kind::list;
      for (const auto& item : node) {
        auto child = read(item, depth + 1);
        if (!child) return child.error();
        tree.items.push_back(std::move(*child));
      }
    }
    if (node.IsMap()) {
      if (auto ok = read_map(node, depth, tree); !ok) return ok.error();
    }
    return tree;
  }

 private:
  Result<void> read_map(const YAML::Node& node, int depth, OptionsNode& tree) {
    tree.kind = OptionsNode::Kind::map;
    std::map<std::string, int> lines;
    for (const auto& entry : node) {
      const auto mark = entry.first.Mark();
      if (!entry.first.IsScalar()) return error_at(name_, mark, "a key must be a single word");
      const auto& key = entry.first.Scalar();
      if (key == "<<") return error_at(name_, mark, "merge keys (`<<`) are not supported: write the keys out");
      if (const auto [first, fresh] = lines.emplace(key, mark.line + 1); !fresh)
        return error_at(name_, mark, "key `" + key + "` was given already, in line " + std::to_string(first->second));
      auto value = read(entry.second, depth + 1);
      if (!value) return value.error();
      value->key_line = mark.line + 1;
      value->key_column = mark.column + 1;
      tree.entries.emplace_back(key, std::move(*value));
    }
    return {};
  }

  const std::string& name_;
  int nodes_{0};
};

// The parser's own words, but for a tab, where they are about something else.
std::string explained(const YAML::Exception& e, const std::string& yaml) {
  std::istringstream lines(yaml);
  std::string line;
  for (int i = 0; i <= e.mark.line; ++i) std::getline(lines, line);
  const auto indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string::npos) return "not YAML: this line is indented with a tab: use spaces";
  constexpr std::string_view kAnchor = "the referenced anchor is not defined";  // later versions say more
  return "not YAML: " + (e.msg.starts_with(kAnchor) ? std::string(kAnchor) : e.msg);
}

}  // namespace

Result<OptionsNode> parse_yaml(const std::string& name, const std::string& yaml) {
  try {
    const auto documents = YAML::LoadAll(yaml);
    if (documents.empty()) return OptionsNode{};
    if (documents.size() > 1)
      return error_at(name, documents[1].Mark(), "a second document begins here: a configuration is one document");
    return TreeReader(name).read(documents.front());
  } catch (const YAML::Exception& e) {
    return error_at(name, e.mark, explained(e, yaml));
  }
}

}  // namespace ipw
