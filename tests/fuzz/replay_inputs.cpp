// Runs saved inputs through the fuzzer's checks, without a fuzzer: `replay_inputs FOLDER`.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

void check_with_every_judge(std::string_view data);

int main(int argc, char** argv) {
  int inputs = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::printf("%s\n", entry.path().filename().c_str());
      std::fflush(stdout);
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      check_with_every_judge(text.str());
      ++inputs;
    }
  std::printf("%d inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
