#include "exporter/cli.hpp"

int main(int argc, char** argv) {
  return ipw::run_cli(argc, argv);
}
