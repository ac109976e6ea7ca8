#pragma once

#include <string_view>

#include "base/result.hpp"
#include "replay/corpus.hpp"

namespace ipw::replay {

// One line of a corpus, read and validated on its own. Leaves `id` empty where the line gives none.
// Errors: invalid, `PLACE: message`.
Result<CorpusItem> parse_corpus_line(std::string_view line, std::string place);

}  // namespace ipw::replay
