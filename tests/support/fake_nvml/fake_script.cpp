#include "tests/support/fake_nvml/fake_script.hpp"

#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ipw::testing::fake_nvml {
namespace {

// A line after its first word: `key=value`s or words, or all of it as it stands. Every key must be asked for.
class Line {
 public:
  explicit Line(const std::string& text) : text_(text) {
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos)
        words_.push_back(word);
      else
        values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }

  bool has(const std::string& key) const { return values_.contains(key); }
  double number(const std::string& key, double fallback) {
    const auto found = values_.find(key);
    if (found == values_.end()) return fallback;
    std::size_t used = 0;
    const double value = std::stod(found->second, &used);
    if (used != found->second.size()) throw std::runtime_error("not a number: " + found->second);
    values_.erase(found);
    return value;
  }
  std::string word(const std::string& key, const std::string& fallback) {
    const auto found = values_.find(key);
    if (found == values_.end()) return fallback;
    auto value = found->second;
    values_.erase(found);
    return value;
  }
  const std::string& text() const { return text_; }
  const std::vector<std::string>& words() const { return words_; }
  void finish() const {
    if (!values_.empty()) throw std::runtime_error("unknown key: " + values_.begin()->first);
  }

 private:
  std::string text_;
  std::vector<std::string> words_;
  std::map<std::string, std::string> values_;
};

void read_rhythm(Line& line, Rhythm& rhythm) {
  rhythm.period = line.number("period", rhythm.period);
  rhythm.phase = line.number("phase", rhythm.phase);
  rhythm.window = line.number("window", rhythm.window);
  rhythm.gain = line.number("gain", rhythm.gain);
  rhythm.jitter = line.number("jitter", rhythm.jitter);
  if (rhythm.period <= 0 || rhythm.jitter * 2 >= rhythm.period) throw std::runtime_error("period or jitter");
}

int value_type(const std::string& name) {
  const char* const names[] = {"double", "uint", "ulong", "ull", "sll", "int", "ushort"};
  for (int i = 0; i < 7; ++i)
    if (name == names[i]) return i;
  throw std::runtime_error("unknown type: " + name);
}

Fault read_fault(const std::string& kind, Line& line, int code) {
  Fault fault{.kind = kind, .from = 0, .code = code};
  fault.from = line.number("from", fault.from);
  fault.to = line.number("to", fault.to);
  fault.code = static_cast<int>(line.number("code", code));
  fault.ms = line.number("ms", 0);
  if (line.has("watts")) fault.watts = line.number("watts", 0);
  if (line.has("millijoules")) fault.millijoules = line.number("millijoules", 0);
  return fault;
}

unsigned whole(Line& line, const std::string& key, unsigned fallback) {
  return static_cast<unsigned>(line.number(key, fallback));
}

using OfBoard = std::function<void(Line&, Board&)>;

OfBoard fault(const std::string& kind, int code = 0) {
  return [=](Line& line, Board& board) { board.faults.push_back(read_fault(kind, line, code)); };
}

void read_square(Line& line, Board& board) {
  Waveform::Square wave{line.number("at", 0),
                        line.number("high", 0),
                        line.number("low", 0),
                        line.number("period", 1),
                        line.number("duty", .5),
                        line.number("phase", 0),
                        0};
  board.power.square(wave);
}

const std::map<std::string, OfBoard>& words_of_board() {
  static const std::map<std::string, OfBoard> words{
      {"name", [](Line& l, Board& b) { b.name = l.text(); }},
      {"power", [](Line& l, Board& b) { b.power.constant(l.number("at", 0), l.number("watts", 0)); }},
      {"square", read_square},
      {"repeat", [](Line& l, Board& b) { b.power.repeat(l.number("every", 0)); }},
      {"counter",
       [](Line& l, Board& b) {
         read_rhythm(l, b.counter.rhythm);
         b.counter.start = l.number("start", b.counter.start);
       }},
      {"instant", [](Line& l, Board& b) { read_rhythm(l, b.instant); }},
      {"average", [](Line& l, Board& b) { read_rhythm(l, b.average); }},
      {"module", [](Line& l, Board& b) { b.module_watts = l.number("watts", 0); }},
      {"limit",
       [](Line& l, Board& b) {
         b.limit_watts = l.number("watts", b.limit_watts);
         b.max_watts = l.number("max", b.max_watts);
       }},
      {"clock",
       [](Line& l, Board& b) {
         b.mhz = whole(l, "mhz", b.mhz);
         b.max_mhz = whole(l, "max", b.max_mhz);
         b.application_mhz = whole(l, "application", b.application_mhz);
       }},
      {"reasons", [](Line& l, Board& b) { b.reasons = whole(l, "bits", 0); }},
      {"mig", [](Line& l, Board& b) { b.mig = l.words(); }},
      {"supports",
       [](Line& l, Board& b) {
         b.supports = {l.words().begin(), l.words().end()};
       }},
      {"types",
       [](Line& l, Board& b) {
         b.energy_type = value_type(l.word("energy", "ull"));
         b.power_type = value_type(l.word("power", "uint"));
       }},
      {"stamps",
       [](Line& l, Board& b) {
         b.stamps = l.words().empty() ? "call" : l.words().front();
         b.stamps_off = l.number("seconds", 0);
       }},
      {"architecture", [](Line& l, Board& b) { b.architecture = whole(l, "number", b.architecture); }},
      {"hidden", [](Line& l, Board& b) { b.hidden = static_cast<int>(l.number("code", 4)); }},
      {"is_mig", [](Line&, Board& b) { b.is_mig = true; }},
      {"lost", fault("lost", 15)},
      {"unsupported", fault("unsupported")},
      {"zero", fault("zero")},
      {"stuck", fault("stuck")},
      {"slow", fault("slow")},
      {"says", fault("says")},
  };
  return words;
}

void read_line(const std::string& word, Line& line, Script& script) {
  if (word == "driver") {
    script.driver = line.text();
  } else if (word == "wall") {
    script.wall = std::stod(line.text());
  } else if (word == "init") {
    script.inits.push_back(read_fault("init", line, 9));
  } else if (word == "reload") {
    const double at = line.number("at", 0);
    script.reloads.push_back({.kind = word, .from = at, .to = at + line.number("for", 1)});
  } else if (word == "gpu") {
    script.boards.emplace_back().uuid = line.text();
  } else if (const auto found = words_of_board().find(word); found == words_of_board().end()) {
    throw std::runtime_error("unknown word");
  } else if (script.boards.empty()) {
    throw std::runtime_error("comes before the first `gpu`");
  } else {
    found->second(line, script.boards.back());
  }
}

}  // namespace

const Fault* Board::fault(std::string_view kind, double t) const {
  for (const auto& f : faults)
    if (f.kind == kind && f.holds(t)) return &f;
  return nullptr;
}

std::optional<Script> parse_script(const std::string& text, std::string& wrong) {
  Script script;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string word, rest;
    if (!(words >> word)) continue;
    std::getline(words >> std::ws, rest);
    rest.erase(rest.find_last_not_of(" \t\r") + 1);
    try {
      Line parsed(rest);
      read_line(word, parsed, script);
      if (word != "name" && word != "gpu" && word != "driver") parsed.finish();
    } catch (const std::exception& e) {
      wrong = "fake nvml, line " + std::to_string(number) + " `" + line + "`: " + e.what();
      return std::nullopt;
    }
  }
  for (auto& board : script.boards)
    if (board.power.empty()) board.power.constant(0, 100);
  return script;
}

}  // namespace ipw::testing::fake_nvml
