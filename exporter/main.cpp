#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "exporter/cli.hpp"

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Otherwise the allocator learns, from the first large block that is freed, to keep all that follow.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  return ipw::run_cli(argc, argv);
}
