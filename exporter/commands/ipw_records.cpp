#include "exporter/commands/ipw_records.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"
#include "exporter/analysis/point_sample.hpp"

namespace ipw {
namespace {

using replay::Outcome;
using replay::VerdictKind;
using Json = nlohmann::json;

// A place in a line that is not what it should be.
struct Unexpected {
  std::string what;
};

const Json kNothing;

// What stands under a name in an object; null where it is missing. Throws Unexpected where a parent is no object.
const Json& at(const Json& parent, const char* name) {
  if (parent.is_null()) return kNothing;
  if (!parent.is_object()) throw Unexpected{"expected an object around `" + std::string(name) + "`"};
  const auto found = parent.find(name);
  return found == parent.end() ? kNothing : *found;
}

std::optional<double> number(const Json& parent, const char* name) {
  const auto& value = at(parent, name);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) throw Unexpected{"`" + std::string(name) + "`: expected a number or null"};
  return value.get<double>();
}

std::optional<bool> truth(const Json& parent, const char* name) {
  const auto& value = at(parent, name);
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) throw Unexpected{"`" + std::string(name) + "`: expected true, false or null"};
  return value.get<bool>();
}

std::string text(const Json& parent, const char* name) {
  const auto& value = at(parent, name);
  if (value.is_null()) return {};
  if (!value.is_string()) throw Unexpected{"`" + std::string(name) + "`: expected a text or null"};
  return value.get<std::string>();
}

std::optional<double> positive(std::optional<double> value) {
  return value && std::isfinite(*value) && *value > 0 ? value : std::nullopt;
}

std::optional<Seconds> seconds(std::optional<double> value) {
  const auto known = positive(value);
  return known ? std::optional(Seconds{*known}) : std::nullopt;
}

std::optional<std::int64_t> tokens(std::optional<double> value) {
  const auto known = positive(value);
  return known && *known < 1e15 ? std::optional(std::llround(*known)) : std::nullopt;
}

// The first that is there of the average, median, maximum and minimum of a sampled power, as the harness takes it.
std::optional<double> sampled(const Json& component) {
  const auto& watts = at(component, "per_query_watts");
  for (const auto* name : {"avg", "median", "max", "min"})
    if (const auto value = number(watts, name)) return value;
  return std::nullopt;
}

// Reads one file, line by line.
class Reader {
 public:
  Reader(std::string path, const std::function<void(const ImportedRecord&)>& each)
      : path_(std::move(path)), each_(each) {}

  Result<void> read() {
    std::error_code error;
    if (std::filesystem::is_directory(path_, error))
      return Error{Errc::invalid, path_ + " is a folder: give the JSONL file in it"};
    std::ifstream file(path_);
    if (!file) return Error{Errc::unavailable, "cannot open " + path_};
    for (std::string line; std::getline(file, line);) {
      ++line_;
      if (trim(line).empty()) continue;
      if (auto ok = add(line); !ok) return ok;
    }
    if (file.bad()) return Error{Errc::unavailable, "cannot read " + path_};
    if (!any_) return Error{Errc::invalid, path_ + " holds no record"};
    return {};
  }

 private:
  Result<void> add(const std::string& line) {
    const auto row = Json::parse(line, nullptr, false);
    if (!row.is_object()) return wrong("expected a JSON object");
    try {
      if (row.contains("model_metrics")) {
        add_profile(row);
      } else if (row.contains("query_id") && row.contains("workload_type")) {
        add_trace(row);
      } else {
        return wrong(
            "no record of the published harness: expected `problem` and `model_metrics` (ipw profile), or "
            "`query_id` and `workload_type` (ipw run)");
      }
    } catch (const Unexpected& unexpected) {
      return wrong(unexpected.what);
    }
    return {};
  }

  Result<void> wrong(const std::string& what) const {
    return Error{Errc::invalid, path_ + ":" + std::to_string(line_) + ": " + what};
  }

  void add_profile(const Json& row) {
    const auto& models = row["model_metrics"];
    if (!models.is_object() || models.empty())
      throw Unexpected{"`model_metrics`: expected an object with one entry a model"};
    const auto problem = text(row, "problem");
    for (const auto& [model, metrics] : models.items()) {
      if (metrics.is_null()) continue;  // a table of several models has a column for each
      if (!metrics.is_object()) throw Unexpected{"`model_metrics." + model + "`: expected an object"};
      auto imported = begun(model);
      imported.record.query_id = id_of(problem);
      imported.record.subject = text(row, "subject");
      imported.record.answer = text(at(row, "model_answers"), model.c_str());
      fill(imported, metrics);
      finish(imported);
    }
  }

  static void fill(ImportedRecord& imported, const Json& metrics) {
    auto& [record, sample] = imported;
    record.accelerator = text(at(metrics, "gpu_info"), "name");
    const auto& counts = at(metrics, "token_metrics");
    record.usage.input_tokens = tokens(number(counts, "input"));
    record.usage.output_tokens = tokens(number(counts, "output"));
    const auto& latency = at(metrics, "latency_metrics");
    record.time_to_first_token = seconds(number(latency, "time_to_first_token_seconds"));
    sample.seconds = number(latency, "total_query_seconds");
    const auto& energy = at(metrics, "energy_metrics");
    const bool soc = text(energy, "basis") == "soc";
    sample.joules = number(energy, soc ? "soc_per_query_joules" : "per_query_joules");
    sample.watts = sampled(at(at(metrics, "power_metrics"), soc ? "soc" : "gpu"));
    record.cost_usd = positive(number(at(metrics, "cost"), "total_cost_usd"));
    const auto& evaluation = at(metrics, "evaluation");
    if (evaluation.is_null()) return;  // nobody has judged it
    sample.correct = truth(evaluation, "is_correct");
    judge(imported, "the published harness could not score it");
  }

  void add_trace(const Json& row) {
    auto imported = begun(text(row, "model"));
    auto& [record, sample] = imported;
    record.query_id = text(row, "query_id");
    record.corpus = text(row, "workload_type");
    record.answer = text(row, "response_text");
    sample.seconds = number(row, "total_wall_clock_s");
    std::optional<double> input, output, joules;
    const auto& turns = at(row, "turns");
    if (!turns.is_null() && !turns.is_array()) throw Unexpected{"`turns`: expected a list"};
    const auto sum = [](std::optional<double>& into, std::optional<double> value) {
      if (positive(value)) into = into.value_or(0) + *value;
    };
    for (const auto& turn : turns) {
      sum(input, number(turn, "input_tokens"));
      sum(output, number(turn, "output_tokens"));
      sum(joules, number(turn, "gpu_energy_joules"));
    }
    record.usage.input_tokens = tokens(input);
    record.usage.output_tokens = tokens(output);
    sample.joules = joules ? joules : number(row, "query_gpu_energy_joules");
    sample.watts = number(row, "query_gpu_power_avg_watts");
    sample.correct = truth(row, "is_resolved");
    const auto unscorable = text(row, "unscorable_reason");
    if (truth(row, "timed_out").value_or(false)) {
      fail(record, Outcome::timeout_total, "timed out in the published harness");
    } else if (!truth(row, "completed").value_or(true)) {
      fail(record, Outcome::stream_error, "not completed in the published harness");
    }
    if (sample.correct || !unscorable.empty()) judge(imported, unscorable);
    finish(imported);
  }

  ImportedRecord begun(const std::string& model) const {
    ImportedRecord imported;
    auto& record = imported.record;
    record.id = path_ + ":" + std::to_string(line_) + (model.empty() ? "" : ":" + model);
    record.final = true;
    record.model = model;
    record.target = (model.empty() ? "ipw" : model) + "@" + path_;
    record.corpus = "published harness";
    record.outcome = Outcome::ok;
    return imported;
  }

  static void judge(ImportedRecord& imported, const std::string& unscorable) {
    auto& [record, sample] = imported;
    if (sample.correct) {
      record.verdict = *sample.correct ? VerdictKind::correct : VerdictKind::wrong;
    } else {
      record.verdict = VerdictKind::judge_error;
      record.verdict_reason = unscorable;
    }
    record.score = sample.correct.value_or(false) ? 1 : 0;
  }

  static void fail(AttemptRecord& record, Outcome outcome, const char* reason) {
    record.outcome = outcome;
    record.outcome_reason = reason;
    record.verdict = VerdictKind::unanswered;
    record.score = 0;
  }

  // What follows from what was read, and the next second to stand on.
  void finish(ImportedRecord& imported) {
    auto& [record, sample] = imported;
    const auto length = seconds(sample.seconds);
    const bool was_answered = replay::answered(record.outcome);
    if (was_answered) record.duration = length;
    record.sent_at = record.scheduled_at = WallTime(std::chrono::seconds(line_));
    record.ended_at = record.sent_at + std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(
                                           std::min(1e9, length.value_or(Seconds{0}).value)));
    const auto joules = positive(sample.joules);
    if (joules && length) {
      const auto watts = positive(sample.watts).value_or(*joules / length->value);
      record.energy.push_back({.scope = probes::Scope::accelerator,
                               .quality = probes::Quality::measured,
                               .gross = Joules{*joules},
                               .active = Joules{*joules},
                               .mean_power = Watts{watts},
                               .busy = *length});
    }
    any_ = true;
    each_(imported);
  }

  // The same for the same problem: two files are compared query by query.
  static std::string id_of(const std::string& problem) {
    std::string hex;
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (auto hash = stable_hash(problem); hex.size() < 16; hash <<= 4U) hex += kDigits[hash >> 60U];
    return "problem/" + hex;
  }

  std::string path_;
  const std::function<void(const ImportedRecord&)>& each_;
  std::size_t line_{0};
  bool any_{false};
};

}  // namespace

Result<void> read_ipw_records(const std::string& path, const std::function<void(const ImportedRecord&)>& each) {
  return Reader(path, each).read();
}

}  // namespace ipw
