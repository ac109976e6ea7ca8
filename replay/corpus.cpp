#include "replay/corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include "base/text.hpp"
#include "replay/corpus_digest.hpp"
#include "replay/corpus_line.hpp"
#include "replay/id_set.hpp"
#include "replay/line_reader.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kFirstErrors = 20;
constexpr std::size_t kSlices = 65;

class Reader final : public CorpusReader {
 public:
  explicit Reader(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  explicit Reader(LineReader lines, std::string name)
      : paths_{std::move(name)}, next_path_(1), lines_(std::move(lines)) {
    first_ordinals_.push_back(0);
  }

  Result<std::optional<CorpusItem>> next() override {
    while (true) {
      if (!lines_) {
        if (next_path_ == paths_.size()) return std::nullopt;
        if (auto opened = open_next(); !opened) return opened.error();
      }
      const auto more = lines_->next();
      if (!more) return more.error();
      if (!*more) {
        ordinal_ += lines_->number();
        lines_.reset();
      } else if (!trim(lines_->line()).empty()) {
        return item();
      }
    }
  }

 private:
  Result<void> open_next() {
    auto lines = LineReader::open(paths_[next_path_++]);
    first_ordinals_.push_back(ordinal_);
    if (!lines) return lines.error();
    lines_ = *std::move(lines);
    return {};
  }

  Result<std::optional<CorpusItem>> item() {
    auto item = parse_corpus_line(lines_->line(), lines_->place());
    if (!item) return item.error();
    if (item->id.empty()) item->id = default_id();
    const auto ordinal = ordinal_ + lines_->number();
    if (ordinal > std::numeric_limits<std::uint32_t>::max())
      return Error{Errc::invalid, item->place + ": the corpus has more than 4 billion lines"};
    if (const auto first = seen_.put(item->id, static_cast<std::uint32_t>(ordinal)))
      return Error{Errc::invalid,
                   item->place + ": repeats the id `" + shortened(item->id, 80) + "` of " + place_of(*first)};
    return std::optional<CorpusItem>(*std::move(item));
  }

  std::string default_id() const {
    auto line = "line-" + std::to_string(lines_->number());
    if (paths_.size() == 1) return line;
    return std::filesystem::path(paths_[next_path_ - 1]).filename().string() + "/" + line;
  }

  std::string place_of(std::uint32_t ordinal) const {
    const auto after = std::ranges::lower_bound(first_ordinals_, std::uint64_t{ordinal});
    const auto file = static_cast<std::size_t>(after - first_ordinals_.begin()) - 1;
    return paths_[file] + ":" + std::to_string(ordinal - first_ordinals_[file]);
  }

  std::vector<std::string> paths_;
  std::size_t next_path_{0};
  std::optional<LineReader> lines_;            // of paths_[next_path_ - 1]
  std::uint64_t ordinal_{0};                   // lines of the files before that
  std::vector<std::uint64_t> first_ordinals_;  // of each file opened: lines before it
  IdSet seen_;
};

using Counts = std::unordered_map<std::string, std::uint64_t>;

std::vector<std::pair<std::string, std::uint64_t>> descending(const Counts& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> all(counts.begin(), counts.end());
  std::ranges::sort(
      all, [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  return all;
}

void add_slice(std::vector<std::pair<std::string, std::string>>& slices, const CorpusItem& item) {
  // Lines of a subject stand together as a rule.
  const auto same = [&](const auto& slice) { return slice.first == item.subject && slice.second == item.language; };
  if (!slices.empty() && same(slices.back())) return;
  if (slices.size() < kSlices && std::ranges::none_of(slices, same)) slices.emplace_back(item.subject, item.language);
}

}  // namespace

Result<std::unique_ptr<CorpusReader>> CorpusReader::open(std::vector<std::string> paths) {
  if (paths.empty()) return Error{Errc::invalid, "the corpus has no file: give `path` one, or a list of them"};
  // Each is opened now, so that a wrong path is known before the first query is sent.
  for (const auto& path : paths)
    if (auto lines = LineReader::open(path); !lines) return lines.error();
  return std::make_unique<Reader>(std::move(paths));
}

std::unique_ptr<CorpusReader> CorpusReader::from_text(std::string name, std::string_view text) {
  return std::make_unique<Reader>(LineReader::from_text(name, text), name);
}

CorpusSummary summarise(CorpusReader& reader, const std::function<Result<void>(const CorpusItem&)>& check) {
  CorpusSummary summary;
  Counts subjects, languages, judges;
  CorpusDigest digest;
  const auto refuse = [&](const Error& error) {
    if (++summary.errors <= kFirstErrors) summary.first_errors.push_back(error.message);
  };
  while (true) {
    const auto next = reader.next();
    if (!next) {
      refuse(next.error());
      continue;
    }
    if (!*next) break;
    const auto& item = **next;
    if (const auto ok = check ? check(item) : Result<void>{}; !ok) {
      refuse(ok.error());
      continue;
    }
    ++summary.items;
    digest.add(item);
    add_slice(summary.slices, item);
    ++subjects[item.subject];
    ++languages[item.language];
    ++judges[item.judge];
  }
  summary.digest = digest.text();
  summary.by_subject = descending(subjects);
  summary.by_language = descending(languages);
  summary.by_judge = descending(judges);
  return summary;
}

}  // namespace ipw::replay
