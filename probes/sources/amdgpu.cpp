// AMD GPUs and APUs. The kernel's files come first (amdgpu_sysfs.hpp): they need no library and no root. AMD's
// management libraries (amdgpu_smi.hpp) are loaded only for boards that the files show no power of.

#include <algorithm>
#include <utility>

#include "probes/power_source.hpp"
#include "probes/sources/amdgpu_smi.hpp"
#include "probes/sources/amdgpu_sysfs.hpp"

namespace ipw::probes::sources {
namespace {

using namespace amdgpu;

class AmdGpu final : public PowerSource {
 public:
  explicit AmdGpu(std::vector<std::unique_ptr<Board>> boards) : boards_(std::move(boards)) {
    std::ranges::sort(boards_, {}, [](const auto& board) { return board->channel().device.id; });
    int gpus = 0, socs = 0;
    for (const auto& board : boards_) {
      auto channel = board->channel();
      channel.name = channel.domain == Domain::soc ? "soc" + std::to_string(socs++) : "gpu" + std::to_string(gpus++);
      channels_.push_back(std::move(channel));
    }
  }

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    std::vector<Result<StampedReading>> readings;
    readings.reserve(boards_.size());
    for (const auto& board : boards_) readings.push_back(board->read());
    return readings;
  }

  std::vector<DeviceState> states() override {
    std::vector<DeviceState> states;
    for (const auto& board : boards_) states.push_back(board->state());
    return states;
  }

 private:
  std::vector<std::unique_ptr<Board>> boards_;
  std::vector<Channel> channels_;
};

// What was found so far.
struct Search {
  std::vector<Card> cards;
  std::vector<std::unique_ptr<Board>> boards;
  std::vector<std::string> found;  // their PCI addresses
  std::string reasons;             // why others are not there

  void add(const std::string& pci, Result<std::unique_ptr<Board>> board) {
    if (board) {
      boards.push_back(*std::move(board));
      found.push_back(pci);
    } else {
      reasons += (reasons.empty() ? "" : "; ") + board.error().message;
    }
  }
  bool has(const std::string& pci) const { return std::ranges::find(found, board_of(pci), board_of) != found.end(); }
  const Card* card(const std::string& pci) const {
    const auto at = std::ranges::find(cards, board_of(pci), [](const Card& card) { return board_of(card.pci); });
    return at == cards.end() ? nullptr : &*at;
  }
  // A second die has no power of its own, and is not missed where a first one has.
  bool misses(const Card& missed) const {
    if (has(missed.pci)) return false;
    return !missed.model.has_two_dies || std::ranges::none_of(cards, [&](const Card& other) {
      return other.model.device == missed.model.device && has(other.pci);
    });
  }
};

void search_library(Search& search, const std::string& library, const ProbeEnvironment& environment) {
  auto opened = open_smi(library);
  if (!opened) {
    search.reasons += (search.reasons.empty() ? "" : "; ") + opened.error().message;
    return;
  }
  const std::shared_ptr<Smi> smi = *std::move(opened);
  if (smi->devices().empty())
    search.reasons += (search.reasons.empty() ? "" : "; ") + std::string("AMD's library shows no GPU");
  for (std::size_t i = 0; i < smi->devices().size(); ++i) {
    const auto& pci = smi->devices()[i].pci;
    const auto* card = search.card(pci);
    if (search.has(pci) || (card && !search.misses(*card))) continue;
    search.add(pci, open_smi_board(smi, i, card, environment));
  }
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_amdgpu(Options& options, const ProbeEnvironment& environment) {
  const auto library = options.text("library", "");
  if (auto ok = options.finish(); !ok) return ok.error();
  Search search;
  search.cards = find_cards(environment.root);
  for (const auto& card : search.cards) search.add(card.pci, open_sysfs_board(card, environment));
  const bool misses_any = std::ranges::any_of(search.cards, [&](const Card& card) { return search.misses(card); });
  if (!library.empty() || (misses_any && environment.live)) search_library(search, library, environment);
  if (!search.boards.empty()) return std::make_unique<AmdGpu>(std::move(search.boards));
  if (search.reasons.empty())
    search.reasons = (environment.root / "sys" / "class" / "drm").string() +
                     " shows no AMD GPU (vendor 0x1002): there is none, or the driver amdgpu is not loaded";
  return Error{Errc::unavailable, search.reasons};
}

}  // namespace ipw::probes::sources
