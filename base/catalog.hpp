#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"

namespace ipw {

// One plug-in: its name in the configuration, how to open it, and one line of help.
template <class Open>
struct CatalogEntry {
  std::string_view name;
  Open open;
  std::string_view summary;
};

// The explicit, ordered list of the plug-ins of one kind. Built from an X-list in one .cpp file, because a linker drops
// self-registering globals from a static library. Immutable.
template <class Open>
class Catalog {
 public:
  Catalog(std::string_view kind, std::span<const CatalogEntry<Open>> entries) : kind_(kind), entries_(entries) {}

  std::span<const CatalogEntry<Open>> entries() const { return entries_; }

  Result<Open> find(std::string_view name) const {
    for (const auto& entry : entries_)
      if (entry.name == name) return entry.open;
    std::vector<std::string_view> names;
    for (const auto& entry : entries_) names.push_back(entry.name);
    return Error{Errc::invalid, "unknown " + std::string(kind_) + " " + did_you_mean(name, names) +
                                    " (known: " + join(names, ", ") + ")"};
  }

 private:
  std::string_view kind_;
  std::span<const CatalogEntry<Open>> entries_;
};

}  // namespace ipw
