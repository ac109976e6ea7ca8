// Recorded answers of real models to MMLU-Pro, judged on one core: answers a second of processor time. Reading and JSON
// stand outside the measured time. `judge_throughput SHARED_FOLDER`

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "replay/judge.hpp"

namespace {

using namespace ipw;
using namespace ipw::replay;

constexpr int kPasses = 15;

struct Answer {
  const CorpusItem* item;
  std::string text;
};

std::unordered_map<std::string, CorpusItem> items_of(const std::filesystem::path& corpus) {
  std::unordered_map<std::string, CorpusItem> items;
  const auto reader = CorpusReader::open({corpus.string()});
  if (!reader) return items;
  while (auto next = (*reader)->next()) {
    if (!*next) break;
    auto id = (*next)->id;
    items.emplace(std::move(id), **std::move(next));
  }
  return items;
}

std::vector<Answer> answers_of(const std::filesystem::path& recording,
                               const std::unordered_map<std::string, CorpusItem>& items) {
  std::vector<Answer> answers;
  std::ifstream file(recording);
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    answers.push_back({&items.at(record.at("id")), record.at("text")});
  }
  return answers;
}

// The best of several passes.
void measure(const Bench& bench, const std::string& name, const std::vector<Answer>& answers) {
  double best = 1e9;
  std::size_t correct = 0, bytes = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto begin = std::clock();
    correct = 0;
    for (const auto& [item, text] : answers) correct += bench.judge(*item, text).kind == VerdictKind::correct ? 1 : 0;
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  for (const auto& answer : answers) bytes += answer.text.size();
  std::printf("%-28s %6zu answers of %4zu bytes, %6zu correct, %8.0f answers/s, %5.0f MB/s\n", name.c_str(),
              answers.size(), bytes / answers.size(), correct, static_cast<double>(answers.size()) / best,
              static_cast<double>(bytes) / best / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path shared = argc > 1 ? argv[1] : "../shared";
  const auto items = items_of(shared / "corpora" / "mmlu-pro.jsonl");
  const auto bench = Bench::open(Options::none());
  if (items.empty() || !bench) {
    std::fprintf(stderr, "usage: judge_throughput SHARED_FOLDER (with corpora/ and recordings/)\n");
    return 2;
  }
  for (const auto& entry : std::filesystem::directory_iterator(shared / "recordings" / "mmlu-pro"))
    measure(**bench, entry.path().stem().string(), answers_of(entry.path(), items));
}
