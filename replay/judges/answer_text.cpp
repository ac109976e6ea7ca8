#include "replay/judges/answer_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace ipw::replay {
namespace {

struct Block {
  std::string_view open, close;
};
constexpr std::array kBlocks{
    Block{"<think>", "</think>"},           Block{"<thinking>", "</thinking>"},
    Block{"<reasoning>", "</reasoning>"},   Block{"<thought>", "</thought>"},
    Block{"<seed:think>", "</seed:think>"}, Block{"<|begin_of_thought|>", "<|end_of_thought|>"},
    Block{"[think]", "[/think]"},           Block{"◁think▷", "◁/think▷"},
};

// Whether a tag can begin with these two bytes; nearly none of a text passes.
bool can_be_tag(char a, char b) {
  if (a == '<') return std::string_view("/|trsTRS").find(b) != std::string_view::npos;
  if (a == '[') return b == '/' || lower(b) == 't';
  return a == '\xE2' && b == '\x97';  // ◁
}

constexpr auto kTagLeads = [] {
  std::array<bool, 256> leads{};
  for (const char c : {'<', '[', '\xE2'}) leads[static_cast<unsigned char>(c)] = true;
  return leads;
}();

const Block* block_opened_by(std::string_view text) {
  for (const auto& block : kBlocks)
    if (begins_with(text, block.open)) return &block;
  return nullptr;
}
const Block* block_closed_by(std::string_view text) {
  for (const auto& block : kBlocks)
    if (begins_with(text, block.close)) return &block;
  return nullptr;
}

std::string_view final_channel(std::string_view text) {
  constexpr std::string_view kChannel = "<|channel|>", kFinal = "<|channel|>final", kMessage = "<|message|>";
  const auto first = text.find(kChannel);
  if (first == std::string_view::npos) return text;
  const auto last = text.rfind(kFinal);
  if (last == std::string_view::npos) return text.substr(0, std::min(first, text.find("<|start|>")));
  auto said = text.substr(last + kFinal.size());
  if (const auto message = said.find(kMessage); message != std::string_view::npos)
    said.remove_prefix(message + kMessage.size());
  for (const auto* end : {"<|end|>", "<|return|>", "<|start|>"}) said = said.substr(0, said.find(end));
  return said;
}

// Lower case of a letter of two UTF-8 bytes, or the letter itself.
std::uint32_t lower_of(std::uint32_t c) {
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  const bool even_is_upper = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177);
  const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if ((even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1)) return c + 1;
  return c;
}

// Bytes of the white space that `text` begins with; 0 when it does not.
std::size_t space_at(std::string_view text) {
  if (text.starts_with(' ') || (text[0] >= '\t' && text[0] <= '\r')) return 1;
  if (text.starts_with("\u00a0")) return 2;
  for (const std::string_view wide : {"\u2009", "\u202f", "\u3000"})
    if (text.starts_with(wide)) return wide.size();
  return 0;
}

constexpr std::string_view kOpeners = "*_`\"'([{$ \t\r\n", kClosers = "*_`\"')]}$ \t\r\n.,;:!?";
constexpr std::array<std::string_view, 8> kWideOpeners{"“", "‘", "«", "„", "「", "（", "¿", "¡"};
constexpr std::array<std::string_view, 9> kWideClosers{"”", "’", "»", "“", "」", "）", "。", "！", "？"};

}  // namespace

std::string_view outside_reasoning(std::string_view text, std::string& buffer) {
  text = final_channel(text);
  buffer.clear();
  std::size_t begin = 0;
  const Block* inside = nullptr;
  for (std::size_t i = 0; i < text.size();) {
    while (i < text.size() && !kTagLeads[static_cast<unsigned char>(text[i])]) ++i;
    if (i + 1 >= text.size()) break;
    if (!can_be_tag(text[i], text[i + 1])) {
      ++i;
      continue;
    }
    const auto rest = text.substr(i);
    if (inside != nullptr) {
      if (!begins_with(rest, inside->close))
        ++i;
      else
        begin = i += inside->close.size(), inside = nullptr;
    } else if ((inside = block_opened_by(rest)) != nullptr) {
      if (const auto said = text.substr(begin, i - begin); !trim(said).empty()) buffer.append(said).append("\n");
      i += inside->open.size();
    } else if (const auto* closed = block_closed_by(rest)) {
      buffer.clear();
      begin = i += closed->close.size();
    } else {
      ++i;
    }
  }
  const auto last = inside != nullptr ? std::string_view{} : text.substr(begin);
  if (buffer.empty()) return last;
  buffer.append(last);
  return buffer;
}

std::string_view unwrapped(std::string_view text) {
  const auto whole = trim(text);
  auto rest = whole;
  for (std::size_t before = 0; before != rest.size();) {
    before = rest.size();
    rest.remove_prefix(std::min(rest.find_first_not_of(kOpeners), rest.size()));
    rest = rest.substr(0, rest.find_last_not_of(kClosers) + 1);
    for (const auto opener : kWideOpeners)
      if (rest.starts_with(opener)) rest.remove_prefix(opener.size());
    for (const auto closer : kWideClosers)
      if (rest.ends_with(closer)) rest.remove_suffix(closer.size());
  }
  return rest.empty() ? whole : rest;
}

std::string comparable(std::string_view text, bool fold_case) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (const auto space = space_at(text.substr(i))) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      i += space;
    } else if (const auto lead = static_cast<unsigned char>(text[i]);
               fold_case && lead >= 0xC3 && lead <= 0xD1 && i + 1 < text.size()) {
      const auto folded = lower_of((lead & 0x1Fu) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3Fu));
      out += static_cast<char>(0xC0 | folded >> 6);
      out += static_cast<char>(0x80 | (folded & 0x3F));
      i += 2;
    } else {
      out += fold_case ? lower(text[i]) : text[i];
      ++i;
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string_view whole_characters(std::string_view part) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  for (int i = 0; i < 3 && !part.empty() && continues(part.front()); ++i) part.remove_prefix(1);
  std::size_t tail = 0;
  while (tail < 3 && tail < part.size() && continues(part[part.size() - 1 - tail])) ++tail;
  if (tail == part.size()) return part;
  const auto lead = static_cast<unsigned char>(part[part.size() - 1 - tail]);
  const std::size_t needed = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (lead >= 0xC0 && tail < needed) part.remove_suffix(tail + 1);
  return part;
}

std::string_view first_line(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  return trim(text.substr(0, text.find('\n')));
}

std::string_view last_line(std::string_view text) {
  text = trim(text);
  const auto newline = text.rfind('\n');
  return newline == std::string_view::npos ? text : text.substr(newline + 1);
}

std::string_view first_sentence(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool stop = line[i] == '.' || line[i] == '!' || line[i] == '?';
    if (stop && (i + 1 == line.size() || line[i + 1] == ' ' || line[i + 1] == '\n')) return line.substr(0, i);
    if (line.substr(i).starts_with("。")) return line.substr(0, i);
  }
  return line;
}

}  // namespace ipw::replay
