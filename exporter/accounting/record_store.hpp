#pragma once

#include <vector>

#include "base/result.hpp"
#include "exporter/accounting/record.hpp"

namespace ipw {

// Where complete records go. Errors: retry (a full disk): the accountant keeps the records and tries again.
class RecordStore {
 public:
  virtual ~RecordStore() = default;
  // Stores all of them or none.
  virtual Result<void> append(const std::vector<AttemptRecord>& records) = 0;
  // Of attempts that are stored already.
  virtual Result<void> judge(const std::vector<LateVerdict>& verdicts) = 0;
};

}  // namespace ipw
