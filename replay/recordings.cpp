#include "replay/recordings.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "replay/line_reader.hpp"

namespace ipw::replay {
namespace {

Error invalid(const std::string& place, const std::string& message) {
  return {Errc::invalid, place + ": " + message};
}

// A field that has to be there as text.
Result<std::string> text_field(nlohmann::json& line, const char* name, const std::string& place) {
  const auto field = line.find(name);
  if (field == line.end()) return invalid(place, std::string("`") + name + "` is missing");
  if (!field->is_string()) return invalid(place, std::string("`") + name + "` must be text");
  return std::move(field->get_ref<std::string&>());
}

}  // namespace

Result<std::unique_ptr<Recordings>> Recordings::load(const std::string& answers_path,
                                                     const std::vector<std::string>& corpus_paths) {
  auto answers = LineReader::open(answers_path);
  if (!answers) return answers.error();
  std::unique_ptr<Recordings> recordings(new Recordings);
  if (auto ok = recordings->read(*answers); !ok) return ok.error();
  if (corpus_paths.empty()) return recordings;
  auto corpus = CorpusReader::open(corpus_paths);
  if (!corpus) return corpus.error();
  if (auto ok = recordings->index(**corpus); !ok) return ok.error();
  return recordings;
}

Result<std::unique_ptr<Recordings>> Recordings::from_text(std::string name, std::string_view answers,
                                                          CorpusReader& corpus) {
  std::unique_ptr<Recordings> recordings(new Recordings);
  auto lines = LineReader::from_text(std::move(name), answers);
  if (auto ok = recordings->read(lines); !ok) return ok.error();
  if (auto ok = recordings->index(corpus); !ok) return ok.error();
  return recordings;
}

std::optional<std::string_view> Recordings::find(std::string_view query_id, std::string_view problem) const {
  if (const auto answer = by_id_.find(query_id); answer != by_id_.end()) return answer->second;
  const auto answer = by_problem_.find(std::hash<std::string_view>{}(problem));
  if (answer != by_problem_.end()) return answer->second;
  return std::nullopt;
}

Result<void> Recordings::read(LineReader& answers) {
  for (;;) {
    const auto more = answers.next();
    if (!more) return more.error();
    if (!*more) return {};
    if (trim(answers.line()).empty()) continue;
    if (auto ok = add(answers.line(), answers.place()); !ok) return ok;
  }
}

Result<void> Recordings::add(std::string_view line, const std::string& place) {
  auto fields = nlohmann::json::parse(line, nullptr, false);
  if (fields.is_discarded()) return invalid(place, "not JSON: " + shortened(line, 60));
  if (!fields.is_object()) return invalid(place, "not a JSON object: " + shortened(line, 60));
  auto id = text_field(fields, "id", place);
  if (!id) return id.error();
  auto text = text_field(fields, "text", place);
  if (!text) return text.error();
  const auto [known, added] = by_id_.try_emplace(std::move(*id), std::move(*text));
  if (!added) return invalid(place, "the id `" + known->first + "` was already given");
  return {};
}

Result<void> Recordings::index(CorpusReader& corpus) {
  for (;;) {
    auto item = corpus.next();
    if (!item) return item.error();
    if (!*item) return {};
    const auto answer = by_id_.find((*item)->id);
    if (answer == by_id_.end()) continue;
    by_problem_.try_emplace(std::hash<std::string_view>{}((*item)->problem), answer->second);
  }
}

}  // namespace ipw::replay
