#pragma once

#include <string>

#include "base/result.hpp"

namespace ipw {

// Looks over a journal that may be damaged: one that a killed process left, or a small one. Where it is damaged, what
// can be read is written to a new file that takes its place, the damaged one stays as PATH.damaged, and the log says
// how many attempts could not be read. A file that is not there, or is no journal, is left to open_journal_file().
// REQUIRES: the journal's lock is held. Errors: unavailable, where the new file cannot be written: nothing has changed
// then.
Result<void> rescue_if_damaged(const std::string& path);

}  // namespace ipw
