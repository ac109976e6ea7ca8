#pragma once

namespace ipw::web {

// The calling thread takes the processor only after those that sample and replay, where both want it: a flood of
// requests must not move what is measured. Does nothing where threads have no priority of their own (everywhere but
// Linux).
void give_way();

}  // namespace ipw::web
