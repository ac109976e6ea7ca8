#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/demo/answer_script.hpp"
#include "replay/demo/load_meter.hpp"
#include "replay/demo/misbehaviour.hpp"
#include "replay/demo/wait_list.hpp"
#include "replay/demo_server.hpp"

namespace ipw::replay::demo {

// What all requests to a server share. Changed on the loop's thread only, but by worsen().
class Site {
 public:
  Site(std::vector<DemoModel> models, Misbehaviours misbehaviours);

  const DemoModel* find(std::string_view model) const;
  const std::vector<DemoModel>& models() const { return models_; }
  std::int64_t started_at() const { return started_at_; }  // Unix seconds
  const Behaviour& behaviour() const { return behaviour_; }
  const Misbehaviours& misbehaviours() const { return misbehaviours_; }

  bool loading(MonoTime now) const { return now < loaded_at_; }
  // A number for a chat completion; the first one sets the time of a standstill.
  std::uint64_t enter(MonoTime now);
  std::uint64_t requests() const { return requests_; }
  const std::optional<Standstill>& standstill() const { return standstill_; }
  void note(const Behaviour& behaviour);                         // what fell on a request
  void worsen(int load_percent) { worse_load_ = load_percent; }  // see DemoServer
  bool worse() const { return worse_load_ > 0; }

  // Pages.
  std::string load();     // see DemoServer
  std::string metrics();  // as vLLM writes them
  std::string told() const;

  LoadMeter meter;
  WaitList waits;
  std::map<std::string, std::int64_t, std::less<>> running;  // by model, once the model is known
  std::string scratch;  // what is about to be written; its memory serves every stream

 private:
  std::vector<DemoModel> models_;
  Misbehaviours misbehaviours_;
  Behaviour behaviour_;
  std::int64_t started_at_;
  MonoTime loaded_at_;
  std::optional<Standstill> standstill_;
  std::uint64_t requests_{0};
  std::map<std::string_view, std::uint64_t> fell_;
  std::atomic<int> worse_load_{0};
};

}  // namespace ipw::replay::demo
