#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "replay/corpus.hpp"
#include "replay/judges/pattern.hpp"

namespace ipw::replay {

// The field `schema` of a corpus line, as JSON; "" when there is none.
std::string_view schema_of(const CorpusItem& item);

// A JSON Schema of one piece: `type`, `enum`, `const`, `required`, `properties`, `additionalProperties`, `items`,
// `minItems`, `maxItems`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`,
// `pattern`, `anyOf`, `oneOf`, `allOf`, `not`, as JSON Schema 2020-12 defines them, and titles, descriptions and the
// like, which ask for nothing. Immutable and thread-safe.
class JsonSchema {
 public:
  // Errors: invalid, `$.properties.a: message`, for what is no schema and for a keyword beyond these: a schema that is
  // checked in part would call wrong answers right.
  static Result<JsonSchema> parse(std::string_view text, const PatternCache& patterns);

  // The first thing in a JSON text that is not as it must be: "`$.a` is a string, expected integer".
  // REQUIRES: valid JSON of at most kDeepestJson levels.
  std::optional<std::string> violation(std::string_view json) const;

 private:
  struct Root;
  explicit JsonSchema(std::shared_ptr<const Root> root) : root_(std::move(root)) {}
  std::shared_ptr<const Root> root_;
};

}  // namespace ipw::replay
