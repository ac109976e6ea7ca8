#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/options.hpp"
#include "replay/corpus.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// What every dialect's `request` map may say about generating; each dialect has its own fields for it.
struct Generation {
  std::int64_t max_tokens{2048};
  double temperature{0};
  std::string system;
  bool bypass_cache{true};  // `prompt_cache: bypass`: a corpus that is replayed must not measure cache hits

  // Keys: max_tokens, temperature, system, prompt_cache.
  static Generation read(Options& request, double max_temperature = 2);
};

// Key: seed. Only for dialects whose servers take one.
std::optional<std::int64_t> read_seed(Options& request);

// What a dialect's requests have in common: path, headers, and a JSON body of which all but a few fields is fixed.
// Immutable and thread-safe.
class RequestForm {
 public:
  struct Shape {
    std::string_view path;
    std::string_view accept;  // the media type of a streamed answer
    std::string_view prompt;  // the body's field for what the corpus gives: `extra` must not set it
    std::vector<std::pair<std::string, std::string>> headers{};  // of the dialect; `headers` of the configuration win
  };
  // Keys: headers, extra. `body` is a JSON object; `extra` is merged into it (RFC 7386: a null takes a field away, for
  // servers that refuse one of ours).
  static RequestForm read(Options& request, Shape shape, std::string_view body);

  // A field of the body by its name and its value, as JSON.
  struct Field {
    std::string_view name;
    std::string json;
  };
  // The request for one query. A field that `extra` set stays as it is. The query's id goes out in X-Query-Id.
  HttpRequest fill(const CorpusItem& item, const std::vector<Field>& fields) const;

 private:
  std::string path_, body_;         // an object without its closing bracket
  std::vector<std::string> fixed_;  // the names of its fields
  std::vector<std::pair<std::string, std::string>> headers_;
};

// A chat of one question as a JSON list: the system text, where there is one, and the problem.
std::string chat_messages(std::string_view system, std::string_view problem);
// `text` as a JSON string; what is not UTF-8 in it becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace ipw::replay
