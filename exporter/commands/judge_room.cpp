#include "exporter/commands/judge_room.hpp"

#include "base/text.hpp"
#include "exporter/judge_model.hpp"
#include "replay/model_judge.hpp"

namespace ipw {

Result<std::unique_ptr<JudgeRoom>> JudgeRoom::open(Parts given) {
  std::unique_ptr<JudgeRoom> room(new JudgeRoom);
  room->knows_rivals_ = given.rival != nullptr;
  if (!given.config.empty()) {
    auto judges = load_judges(given.config);
    if (!judges) return judges.error();
    room->config_ = std::move(*judges);
  }
  auto& model = room->config_.model;
  auto bench = replay::Bench::open(room->config_.judges);
  if (!bench) return bench.error();
  room->bench_ = std::move(*bench);
  if (!model) return room;
  auto opened = JudgeModel::open(*model, *room->bench_);
  if (!opened) return opened.error();
  replay::JudgeDesk::Parts parts;
  parts.id_prefix = "judge";
  parts.clock = &room->clock_;
  parts.events = [](const replay::AttemptEvent&) {};
  parts.cache = std::move(given.cache);
  parts.rival = std::move(given.rival);
  auto desk = opened->open_desk(std::move(parts));
  if (!desk) return desk.error();
  room->desk_ = std::move(*desk);
  return room;
}

Result<void> JudgeRoom::accepts(const replay::CorpusItem& item) const {
  if (auto ok = bench_->accepts(item); !ok) return ok;
  const auto* model = bench_->model_judge(item);
  const auto name = "the judge `" + std::string(bench_->judge_of(item)) + "`";
  if (model != nullptr && !desk_)
    return Error{Errc::invalid, item.place + ": " + name + " asks a model: give --config with `judges.llm`"};
  if (model != nullptr && !model->rival().empty() && !knows_rivals_)
    return Error{Errc::invalid, item.place + ": " + name +
                                    " compares with another target's answers, which only `run` and "
                                    "`replay` have: set `against` to reference"};
  return {};
}

void JudgeRoom::judge(Case one, std::function<void(replay::Verdict, const std::string& judge)> done) {
  std::string name(bench_->judge_of(*one.item));
  const auto* model = bench_->model_judge(*one.item);
  const bool silent = trim(*one.answer).empty();
  if (model == nullptr || (silent && !model->takes_silence())) {
    auto verdict = bench_->judge(*one.item, *one.answer);
    const auto* second = desk_ ? bench_->second_opinion(*one.item, verdict) : nullptr;
    if (second == nullptr) return done(std::move(verdict), name);
    model = second;
    name = "llm";
  }
  room_.acquire();
  desk_->push({one.item, one.answer, model, [this, name, done = std::move(done)](replay::Verdict verdict, bool) {
                 done(std::move(verdict), name);
                 room_.release();
               }});
}

void JudgeRoom::finish(std::stop_token stop) {
  if (desk_) desk_->finish(stop, Seconds{2});
}

}  // namespace ipw
