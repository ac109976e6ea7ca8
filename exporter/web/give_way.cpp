#include "exporter/web/give_way.hpp"

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace ipw::web {

void give_way() {
#ifdef __linux__
  constexpr int kNicer = 5;  // a third of the weight; a scrape still ends in time on a busy machine
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNicer);
#endif
}

}  // namespace ipw::web
