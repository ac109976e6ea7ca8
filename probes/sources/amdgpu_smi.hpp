#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/shared_library.hpp"
#include "probes/sources/amdgpu_board.hpp"
#include "probes/sources/amdgpu_card.hpp"

namespace ipw::probes::sources::amdgpu {

struct SmiDevice {
  std::string pci;   // "0000:03:00.0"
  std::string name;  // as the library gives it; empty: it does not
};

// One of AMD's management libraries, opened and initialised. Its calls are made one after the other: before ABI 26.2
// libamd_smi does not stand two at a time.
class Smi {
 public:
  virtual ~Smi() = default;
  // Each physical board once; fixed for life.
  virtual std::span<const SmiDevice> devices() const = 0;
  // Errors: unavailable (not shown of this device, no permission), retry (failed this time). Each names the call.
  virtual Result<Joules> energy(std::size_t device) = 0;
  virtual Result<Watts> power(std::size_t device) = 0;
};

// Where the libraries are looked for, in this order: $AMDSMI_LIB_DIR, $ROCM_PATH/lib, /opt/rocm/lib, the newest
// /opt/rocm-*/lib, and where the loader looks.
std::vector<std::filesystem::path> smi_folders(const std::filesystem::path& root);
// The files of `name` (libamd_smi.so) that are in `folders`, by version as given, and names for the loader at the end.
std::vector<std::string> smi_files(std::string_view name, std::span<const std::string_view> versions,
                                   std::span<const std::filesystem::path> folders);

// Opens libamd_smi, else librocm_smi64; or `library`, whichever it is, if it names one. Errors: unavailable, with the
// reason for each.
Result<std::unique_ptr<Smi>> open_smi(const std::string& library);

// The device's energy counter where its model is known to have one, else its power. `card` is what the kernel shows of
// it, if anything. Errors: unavailable, when it shows neither. REQUIRES: clock outlives the board.
Result<std::unique_ptr<Board>> open_smi_board(std::shared_ptr<Smi> smi, std::size_t device, const Card* card,
                                              const ProbeEnvironment& environment);

// The text of a PCI address; of a partition's it is that of its board.
std::string pci_text(std::uint64_t domain, std::uint64_t bus, std::uint64_t device, std::uint64_t function);

// A counter's or power's marks of what is not available: all ones, in any width.
bool is_not_available(std::uint64_t value);

// What a status means for who asked.
enum class SmiTrouble { passing, lasting, permission, library_too_old };
// `call` names library and function, `text` is the library's own for the status, if it has one.
Error smi_error(const std::string& call, int status, const char* text, SmiTrouble trouble);

// A counter in units of `microjoules`. Errors: unavailable (not available), invalid (no number).
Result<Joules> smi_joules(const std::string& call, std::uint64_t counted, float microjoules);

}  // namespace ipw::probes::sources::amdgpu
