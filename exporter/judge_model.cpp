#include "exporter/judge_model.hpp"

#include "replay/model_judge.hpp"
#include "replay/request_form.hpp"

namespace ipw {

Result<JudgeModel> JudgeModel::open(JudgeModelConfig& config, const replay::Bench& bench) {
  const auto find = replay::dialects().find(config.dialect);
  if (!find) return Error{Errc::invalid, config.place + ": " + find.error().message};
  auto dialect = (*find)(config.model, config.request);
  if (!dialect) return dialect.error();

  JudgeInfo info{config.model, config.url.origin() + config.url.path, {}};
  for (const auto& entry : replay::model_judges().entries())
    info.prompts.emplace_back(entry.name, bench.model_judge(entry.name)->prompt_digest());
  const auto generation = replay::Generation::read(config.request);
  JudgeModel model{.counts = JudgeCounts(std::move(info), config.pricing),
                   .name = {},
                   .dialect = std::move(*dialect),
                   .transport = {},
                   .give_up = config.give_up};
  model.name = config.dialect + "\n" + config.model + "\n" + std::to_string(generation.max_tokens) + "\n" +
               std::to_string(generation.temperature) + "\n" + generation.system;
  model.transport.url = config.url;
  model.transport.timeouts = config.timeouts;
  model.transport.streams = static_cast<std::size_t>(config.concurrency);
  if (!config.api_key.empty()) model.transport.headers.push_back(model.dialect->credential(config.api_key));
  return model;
}

Result<std::unique_ptr<replay::JudgeDesk>> JudgeModel::open_desk(replay::JudgeDesk::Parts parts) {
  auto opened = replay::open_http_transport(transport);
  if (!opened) return opened.error();
  parts.name = name;
  parts.dialect = std::move(dialect);
  parts.transport = std::move(*opened);
  parts.concurrency = transport.streams;
  parts.give_up = give_up;
  return std::make_unique<replay::JudgeDesk>(std::move(parts));
}

}  // namespace ipw
