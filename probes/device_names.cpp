#include "probes/device_names.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace ipw::probes {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMostRead = 1024, kMostShown = 80;

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The length of the trade mark, or of the control character, at the start of `text`; 0 where there is none.
std::size_t noise(std::string_view text) {
  for (const std::string_view mark : {"(R)", "(TM)", "(C)", "\u00AE", "\u2122", "\u00A9"})
    if (same(text.substr(0, mark.size()), mark)) return mark.size();
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20 || byte == 0x7F) return 1;
  const bool is_c1 = byte == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0;
  return is_c1 ? 2 : 0;
}

std::string without_noise(std::string_view raw) {
  const auto whole = valid_utf8(raw.substr(0, kMostRead));
  std::string plain;
  for (std::string_view rest = whole; !rest.empty();) {
    const auto length = noise(rest);
    if (length == 0) plain += rest[0];
    rest.remove_prefix(std::max<std::size_t>(length, 1));
    if (length > 0 && !rest.starts_with('-')) plain += ' ';  // Core(TM)2, but FX(tm)-8350
  }
  return plain;
}

Words split(std::string_view text, char separator) {
  Words words(1);
  for (const char c : text) {
    if (c != separator)
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string joined(const Words& words) {
  return join(std::vector<std::string_view>(words.begin(), words.end()), " ");
}

template <class Predicate>
void cut_from(Words& words, Predicate predicate) {
  words.erase(std::ranges::find_if(words, predicate), words.end());
}

// lspci's way: `NVIDIA Corporation GH100 [H100 SXM5 80GB]`, `Navi 31 [Radeon RX 7900 XTX]`.
std::string out_of_brackets(const std::string& text) {
  const auto open = text.rfind('[');
  const auto close = text.find_last_not_of(' ');
  if (open == std::string::npos || close == std::string::npos || text[close] != ']') return text;
  auto name = text.substr(open + 1, close - open - 1);
  if (std::ranges::none_of(name, is_digit)) return text;
  const auto before = std::string_view(text).substr(0, open);
  for (const auto& [word, vendor] : {std::pair{"NVIDIA", "NVIDIA "}, {"AMD", "AMD "}, {"Intel", "Intel "}})
    if (before.find(word) != std::string_view::npos && !name.starts_with(vendor)) return vendor + name;
  return name;
}

// Who makes what is named without its maker.
std::string_view maker_of(std::string_view first_word) {
  constexpr std::pair<std::string_view, std::string_view> kLines[] = {
      {"Tesla", "NVIDIA"},  {"GeForce", "NVIDIA"}, {"Quadro", "NVIDIA"}, {"TITAN", "NVIDIA"}, {"GRID", "NVIDIA"},
      {"Jetson", "NVIDIA"}, {"Radeon", "AMD"},     {"Instinct", "AMD"},  {"EPYC", "AMD"},     {"Ryzen", "AMD"},
      {"Xeon", "Intel"},    {"Arc", "Intel"},      {"Neoverse", "Arm"},
  };
  for (const auto& [line, maker] : kLines)
    if (same(first_word, line) || same(first_word.substr(0, first_word.find('-')), line)) return maker;
  const bool is_board =
      first_word.find("-SXM") != std::string_view::npos || first_word.find("-PCIE") != std::string_view::npos;
  return is_board ? "NVIDIA" : "";
}

// The words as the maker writes them, where firmware shouts.
void calm(Words& words) {
  for (auto& word : words)
    for (const std::string_view known :
         {"Intel", "Xeon", "Platinum", "Gold", "Silver", "Bronze", "NVIDIA", "AMD", "Arm"})
      if (same(word, known)) word = known;
}

bool is_cpu_word(const std::string& word) {
  const auto hyphen = word.rfind('-');
  if (hyphen != std::string::npos && (same(word.substr(hyphen), "-core") || same(word.substr(hyphen), "-cores")))
    return true;
  return word == "CPU" || word == "Processor" || word == "Genuine" || word == "Corporation";
}

// `AMD Radeon Graphics` is a name, the last word of `Intel Arc A770 Graphics` is none.
void drop_kind(Words& words) {
  if (words.size() > 3 && (words.back() == "Graphics" || words.back() == "GPU")) words.pop_back();
}

void tidy_cpu(Words& words) {
  cut_from(words, [](const std::string& word) { return word.starts_with('@') || word == "w/"; });
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "with" && words[i + 1] == "Radeon") words.resize(i);
  std::erase_if(words, is_cpu_word);
  drop_kind(words);
}

void tidy_amd(Words& words) {
  const auto is = [](std::string_view name) { return [name](const std::string& word) { return same(word, name); }; };
  if (std::erase_if(words, is("Instinct")) > 0)
    for (const char* form : {"OAM", "Accelerator"}) std::erase_if(words, is(form));
  tidy_cpu(words);
}

void tidy_jetson(Words& words) {
  const bool super = words.back() == "Super";
  cut_from(words, [](const std::string& word) { return word == "Engineering" || word == "Developer"; });
  if (words.size() > 1 && words[1] == "Jetson-AGX") words = {"NVIDIA", "Jetson", "AGX", "Xavier"};
  if (words.size() > 1 && words[1] == "Orin") words.insert(words.begin() + 1, "Jetson");
  if (super && words.back() != "Super") words.emplace_back("Super");
}

// `A100-SXM4-80GB` and `A100 80GB PCIe`: SXM is what goes without saying, PCIe draws less.
void tidy_board(Words& words) {
  Words parts;
  bool pcie = false;
  for (const auto& word : words) {
    const bool is_board = word.find("-SXM") != std::string::npos || word.find("-PCIE") != std::string::npos;
    for (auto& part : is_board ? split(word, '-') : Words{word}) {
      if (same(part, "PCIe"))
        pcie = true;
      else if (part.size() > 2 && is_digit(part[0]) && part.back() == 'G')
        parts.push_back(part + "B");
      else if (!part.starts_with("SXM") && !part.starts_with("HBM"))
        parts.push_back(std::move(part));
    }
  }
  if (pcie) parts.emplace_back("PCIe");
  words = std::move(parts);
}

void tidy_nvidia(Words& words) {
  std::erase_if(words, [](const std::string& word) {
    return word == "Corporation" || word == "Tesla" || word == "Generation" || word == "Design" || word == "with";
  });
  if (words.size() > 1 && (words[1].starts_with("Jetson") || words[1] == "Orin")) return tidy_jetson(words);
  tidy_board(words);
  drop_kind(words);
}

void tidy(Words& words) {
  const bool generation = words.size() > 2 && is_digit(words[0][0]) && words[1] == "Gen";  // 13th Gen Intel Core
  if (generation) words.erase(words.begin(), words.begin() + 2);
  if (words.size() > 1 && words[0] == "Genuine") words.erase(words.begin());
  if (const auto maker = maker_of(words[0]); !maker.empty()) words.insert(words.begin(), std::string(maker));
  calm(words);
  if (words[0] == "NVIDIA") return tidy_nvidia(words);
  if (words[0] == "AMD") return tidy_amd(words);
  if (words[0] == "Intel" || words[0] == "Hygon" || words[0] == "Ampere") return tidy_cpu(words);
  if (words[0] == "Arm") words = split(joined(words).replace(0, 4, "Arm-"), '-');
}

}  // namespace

std::string device_name(std::string_view raw) {
  auto words = split(out_of_brackets(without_noise(raw)), ' ');
  if (words.empty()) return "unknown";
  tidy(words);
  return shortened(joined(words), kMostShown);
}

}  // namespace ipw::probes
