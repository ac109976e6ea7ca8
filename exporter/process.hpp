#pragma once

#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// What this process uses, from the kernel. What cannot be read stays 0; the missed ticks are the rig's to tell.
// Thread-safe.
ProcessSnapshot read_process();

}  // namespace ipw
