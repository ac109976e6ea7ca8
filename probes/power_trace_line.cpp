#include "probes/power_trace_line.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"

namespace ipw::probes {
namespace {

using json = nlohmann::json;

constexpr const char* kFormat = "ipw-power-trace";
constexpr int kVersion = 1;
constexpr std::size_t kMostChannels = 1024;
constexpr double kLongestTime = 1e9, kLargestValue = 1e15;

constexpr std::array kErrors{std::pair{Errc::retry, "retry"}, std::pair{Errc::unavailable, "unavailable"},
                             std::pair{Errc::invalid, "invalid"}, std::pair{Errc::cancelled, "cancelled"},
                             std::pair{Errc::internal, "internal"}};

Error invalid(std::string message) {
  return {Errc::invalid, std::move(message)};
}

std::optional<Domain> domain_of(std::string_view text) {
  for (auto domain = Domain::gpu;; domain = static_cast<Domain>(static_cast<int>(domain) + 1)) {
    if (to_text(domain) == text) return domain;
    if (domain == Domain::other) return std::nullopt;
  }
}

std::optional<Quality> quality_of(std::string_view text) {
  for (const auto quality : {Quality::measured, Quality::estimated, Quality::simulated})
    if (to_text(quality) == text) return quality;
  return std::nullopt;
}

json to_json(const Channel& channel) {
  json made{{"name", channel.name},
            {"device", {{"id", channel.device.id}, {"name", channel.device.name}}},
            {"domain", to_text(channel.domain)},
            {"quality", to_text(channel.quality)}};
  if (!channel.parent.empty()) made["parent"] = channel.parent;
  if (channel.wraps_at) made["wraps_at_joules"] = channel.wraps_at->value;
  if (channel.max_power) made["max_power_watts"] = channel.max_power->value;
  if (channel.read_every.value > 0) made["read_every_seconds"] = channel.read_every.value;
  if (channel.averages_over.value > 0) made["averages_over_seconds"] = channel.averages_over.value;
  if (channel.looks) made["looks"] = *channel.looks;
  return made;
}

json to_json(const Error& error) {
  const auto* const known = std::ranges::find(kErrors, error.code, [](const auto& pair) { return pair.first; });
  return {{"error", known == kErrors.end() ? "internal" : known->second}, {"message", valid_utf8(error.message)}};
}

json to_json(const Result<PowerTraceValue>& entry) {
  if (!entry) return to_json(entry.error());
  json made{{entry->energy ? "joules" : "watts", entry->value}, {"stamp", entry->stamp.value}};
  if (entry->power) made["power"] = {{"watts", entry->power->value}, {"stamp", entry->power_stamp.value}};
  return made;
}

// The string or number of that name in a JSON object; nothing where there is none of that type and range.
std::optional<std::string> text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<double> number_in(const json& object, const char* name, double least, double most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  if (!(value >= least && value <= most)) return std::nullopt;
  return value;
}

// Of a key that may be absent: false when it is there and wrong.
template <class Quantity>
bool take_optional(const json& object, const char* name, std::optional<Quantity>& to) {
  if (!object.contains(name)) return true;
  const auto value = number_in(object, name, 0, kLargestValue);
  if (value) to = Quantity{*value};
  return value && *value > 0;
}

Result<Channel> channel_from(const json& object) {
  if (!object.is_object()) return invalid("a channel is an object");
  Channel channel;
  const auto name = text_in(object, "name");
  if (!name || name->empty() || name->find('/') != std::string::npos)
    return invalid("a channel needs a `name` without /");
  channel.name = *name;
  const auto wrong = [&](const char* what) { return invalid("channel `" + *name + "`: " + what); };
  const auto device = object.find("device");
  if (device == object.end() || !device->is_object()) return wrong("`device` is missing");
  const auto id = text_in(*device, "id"), model = text_in(*device, "name");
  if (!id || id->empty() || !model || model->empty()) return wrong("a device has an `id` and a `name`");
  channel.device = {*id, *model};
  const auto domain = domain_of(text_in(object, "domain").value_or(""));
  if (!domain) return wrong("`domain` is missing or unknown");
  channel.domain = *domain;
  const auto quality = quality_of(text_in(object, "quality").value_or("measured"));
  if (!quality) return wrong("unknown `quality`");
  channel.quality = *quality;
  if (object.contains("parent") && !text_in(object, "parent")) return wrong("`parent` is a channel's name");
  channel.parent = text_in(object, "parent").value_or("");
  std::optional<Seconds> read_every, averages_over;
  if (!take_optional(object, "wraps_at_joules", channel.wraps_at)) return wrong("`wraps_at_joules` is above 0");
  if (!take_optional(object, "max_power_watts", channel.max_power)) return wrong("`max_power_watts` is above 0");
  if (!take_optional(object, "read_every_seconds", read_every)) return wrong("`read_every_seconds` is above 0");
  if (!take_optional(object, "averages_over_seconds", averages_over))
    return wrong("`averages_over_seconds` is above 0");
  channel.read_every = read_every.value_or(Seconds{0});
  channel.averages_over = averages_over.value_or(Seconds{0});
  if (object.contains("looks") && !(channel.looks = number_in(object, "looks", 0, 1)))
    return wrong("`looks` is 0 to 1");
  return channel;
}

Result<std::vector<Channel>> channels_from(const json& header) {
  if (!header.is_object() || text_in(header, "format") != kFormat)
    return invalid("this is no recorded power trace: it does not begin with {\"format\":\"" + std::string(kFormat) +
                   "\",...}");
  if (number_in(header, "version", kVersion, kVersion) != kVersion)
    return invalid("a trace of another version: this program reads version " + std::to_string(kVersion));
  const auto list = header.find("channels");
  if (list == header.end() || !list->is_array() || list->empty()) return invalid("`channels` is missing or empty");
  if (list->size() > kMostChannels) return invalid("more than " + std::to_string(kMostChannels) + " channels");
  std::vector<Channel> channels;
  std::set<std::string> names;
  for (const auto& object : *list) {
    auto channel = channel_from(object);
    if (!channel) return channel.error();
    if (!names.insert(channel->name).second) return invalid("channel `" + channel->name + "` stands there twice");
    channels.push_back(std::move(*channel));
  }
  for (const auto& channel : channels)
    if (!channel.parent.empty() && !names.contains(channel.parent))
      return invalid("channel `" + channel.name + "`: there is no channel `" + channel.parent + "`");
  return channels;
}

Result<PowerTraceValue> value_from(const json& object) {
  PowerTraceValue made;
  made.energy = object.contains("joules");
  const auto value = number_in(object, made.energy ? "joules" : "watts", 0, kLargestValue);
  const auto stamp = number_in(object, "stamp", -kLongestTime, kLongestTime);
  if (!value || !stamp || (made.energy && object.contains("watts")))
    return invalid("a reading has `joules` or `watts`, not negative, and a `stamp`");
  made.value = *value;
  made.stamp = Seconds{*stamp};
  const auto power = object.find("power");
  if (power == object.end()) return made;
  if (!made.energy || !power->is_object()) return invalid("`power` stands beside `joules`, as an object");
  const auto watts = number_in(*power, "watts", 0, kLargestValue);
  const auto power_stamp = number_in(*power, "stamp", -kLongestTime, kLongestTime);
  if (!watts || !power_stamp) return invalid("`power` has `watts`, not negative, and a `stamp`");
  made.power = Watts{*watts};
  made.power_stamp = Seconds{*power_stamp};
  return made;
}

// The outer result is about the text, the inner one is what the text says.
Result<std::optional<Result<PowerTraceValue>>> entry_from(const json& object) {
  using Entry = std::optional<Result<PowerTraceValue>>;
  if (object.is_null()) return Entry();
  if (!object.is_object()) return invalid("a reading is an object or null");
  if (!object.contains("error")) {
    auto value = value_from(object);
    if (!value) return value.error();
    return Entry(std::move(value));
  }
  const auto code = text_in(object, "error").value_or("");
  const auto message = text_in(object, "message");
  const auto* const known = std::ranges::find(kErrors, code, [](const auto& pair) { return pair.second; });
  if (known == kErrors.end() || !message) return invalid("an `error` is a known one and has a `message`");
  return Entry(Result<PowerTraceValue>(Error{known->first, *message}));
}

json parse(std::string_view text) {
  return json::parse(text, nullptr, false);
}

}  // namespace

std::string trace_header(std::span<const Channel> channels) {
  json header{{"format", kFormat}, {"version", kVersion}, {"channels", json::array()}};
  for (const auto& channel : channels) header["channels"].push_back(to_json(channel));
  return header.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string trace_line(const PowerTraceLine& line) {
  json made{{"at", line.at.value}, {"readings", json::array()}};
  for (const auto& entry : line.entries) made["readings"].push_back(entry ? to_json(*entry) : json());
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<Channel>> parse_trace_header(std::string_view text) {
  return channels_from(parse(text));
}

Result<PowerTraceLine> parse_trace_line(std::string_view text, std::size_t channels) {
  const auto object = parse(text);
  if (object.is_discarded()) return invalid("this is no JSON");
  if (!object.is_object()) return invalid("expected {\"at\":...,\"readings\":[...]}");
  const auto at = number_in(object, "at", 0, kLongestTime);
  if (!at) return invalid("`at` is missing, or no time in seconds");
  const auto readings = object.find("readings");
  if (readings == object.end() || !readings->is_array() || readings->size() != channels)
    return invalid("`readings` has an entry for each of the " + std::to_string(channels) + " channels");
  PowerTraceLine line;
  line.at = Seconds{*at};
  for (const auto& reading : *readings) {
    auto entry = entry_from(reading);
    if (!entry) return entry.error();
    if (*entry && **entry && ((**entry)->stamp > line.at || (**entry)->power_stamp > line.at))
      return invalid("a `stamp` is after its line's `at`");
    line.entries.push_back(std::move(*entry));
  }
  return line;
}

}  // namespace ipw::probes
