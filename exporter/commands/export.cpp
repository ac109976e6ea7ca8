#include <cstdio>

#include "exporter/commands/commands.hpp"
#include "exporter/record_text.hpp"
#include "exporter/store/journal.hpp"

namespace ipw {

int export_command(const ExportOptions& options) {
  const auto journal = Journal::open({.path = options.journal, .keep_answers = true, .read_only = true});
  if (!journal) return fail(journal.error());
  const bool csv = options.format == "csv";
  if (csv) std::printf("%s\n", csv_header().c_str());
  bool written = true;
  const auto done = (*journal)->for_each([&](const AttemptRecord& record) {
    const auto line = csv ? to_csv(record) : to_json(record);
    written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fputc('\n', stdout) != EOF;
    return written;
  });
  if (!done) return fail(done.error());
  if (!written || std::fflush(stdout) != 0) return fail({Errc::unavailable, "cannot write to standard output"});
  return kSuccess;
}

}  // namespace ipw
