#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "replay/demo/behaviour.hpp"

namespace ipw::replay::demo {

// What the demo server can do in another way than a good OpenAI server would, by name. Each is chosen as
// `NAME[:VALUE][@SHARE]`: `stall:2s@0.05` lets one request of twenty stand still for two seconds.
struct Misbehaviour {
  enum class Takes { nothing, duration, number };
  std::string_view name;
  std::string_view usual;  // the value where none is given; "" : none is needed
  Takes takes;
  std::string_view meaning;
  bool of_server;  // of the whole server, from its start: has no share
  void (*apply)(Behaviour& behaviour, std::optional<double> value);
};

// Every misbehaviour there is.
std::span<const Misbehaviour> misbehaviours();
// A line for each: name, value, meaning.
std::string misbehaviour_list();

// Those that were chosen. Which requests a share falls on depends on nothing but the seed and the request's number.
class Misbehaviours {
 public:
  Misbehaviours() = default;
  // Errors: invalid, naming what is wrong; for an unknown name, all that there are.
  static Result<Misbehaviours> parse(std::span<const std::string> specs, std::uint64_t seed = 1);
  // The same from one text, with blanks or commas between. Those of the whole server are refused here.
  Result<Misbehaviours> for_request(std::string_view specs) const;

  // How the server behaves as a whole.
  Behaviour of_server() const;
  // How the request with this number is answered. Adds to `behaviour`.
  void apply(std::uint64_t request, Behaviour& behaviour) const;

 private:
  struct Chosen {
    const Misbehaviour* what;
    std::optional<double> value;
    double share;
  };
  static Result<Chosen> parse_one(std::string_view spec);

  std::vector<Chosen> chosen_;
  std::uint64_t seed_{1};
};

}  // namespace ipw::replay::demo
