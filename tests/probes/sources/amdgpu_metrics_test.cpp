#include "probes/sources/amdgpu_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>

namespace ipw::probes::sources::amdgpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kCounted = 0x123456789AU;

void append(std::string& bytes, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> 8 * i);
}

// A table as a C compiler lays it out, from its declaration in the kernel's header: h, i, q are integers of 16, 32 and
// 64 bits, which are all ones; P is the power in W, w and W in mW (16 and 32 bits), E the energy, T the throttlers of
// any GPU, t those of MI300, R the five residencies; | aligns to 8. A number repeats the next letter.
std::string table(std::uint8_t format, std::uint8_t content, const std::string& declaration) {
  std::string bytes(2, '\0');
  bytes += static_cast<char>(format);
  bytes += static_cast<char>(content);
  const auto put = [&](std::uint64_t value, std::size_t width) {
    while (bytes.size() % width != 0) bytes += '\xFF';
    append(bytes, value, width);
  };
  std::size_t repeat = 0;
  for (const char letter : declaration) {
    if (std::isdigit(static_cast<unsigned char>(letter))) {
      repeat = repeat * 10 + static_cast<std::size_t>(letter - '0');
      continue;
    }
    for (std::size_t n = std::max<std::size_t>(std::exchange(repeat, 0), 1); n > 0; --n) {
      if (letter == 'h') put(~0ULL, 2);
      if (letter == 'i') put(~0ULL, 4);
      if (letter == 'q') put(~0ULL, 8);
      if (letter == 'P') put(417, 2);
      if (letter == 'w') put(15250, 2);
      if (letter == 'W') put(98765, 4);
      if (letter == 'E') put(kCounted, 8);
      if (letter == 'T') put(1ULL << 3 | 1ULL << 36, 8);
      if (letter == 't') put(1U << 1, 4);
      if (letter == '|') put(0, 8), bytes.resize(bytes.size() - 8);
      for (std::uint64_t r = 1; letter == 'R' && r <= 5; ++r) put(100 * r, 4);
    }
  }
  while (bytes.size() % 8 != 0) bytes += '\xFF';
  bytes[0] = static_cast<char>(bytes.size());
  bytes[1] = static_cast<char>(bytes.size() >> 8);
  return bytes;
}

std::string times8(const std::string& part) {
  std::string all;
  for (int i = 0; i < 8; ++i) all += "|" + part;
  return all;
}

const std::string kV11 = "9hPEq14hi4h2i4h", kMi300End = "16qq8h12h2h", kLinks = "i4h2i5q";
const std::string kV21 = "12h2hqh3h8h12h8h2hih3h", kV24 = "12h2hqw3h8h12h8h2hih3hT12h6h";
const std::string kV14 = "3hP2h4hEqt" + kLinks + kMi300End;
const std::string kV17 = "3hP2hqEqiR" + kLinks + "2i16q9hq8h12h2h";

struct Revision {
  std::uint8_t format, content;
  std::string declaration;
  std::size_t size;
  double watts;  // 0: none
  bool counts;
};
const Revision kRevisions[] = {
    {1, 1, kV11, 96, 417, true},
    {1, 2, kV11 + "q", 104, 417, true},
    {1, 3, kV11 + "q4hT", 120, 417, true},
    {1, 4, kV14, 288, 417, true},
    {1, 5, "3hP2h4h32hEqt" + kLinks + "2i" + kMi300End, 360, 417, true},
    {1, 6, "3hP2h4h32hEqiRi" + kLinks + "2i" + kMi300End, 384, 417, true},
    {1, 6, "3hP2hEqiR" + kLinks + "2i" + kMi300End + times8("8i32h4h8q") + "i", 1664, 417, true},
    {1, 7, kV17 + times8("8i32h4h16q") + "i", 2208, 417, true},
    {1, 8, kV17 + times8("8i40h4h40q") + "i", 3872, 417, true},
    {2, 1, kV21, 120, 0, false},
    {2, 2, kV21 + "T", 128, 0, false},
    {2, 3, kV21 + "T12h", 152, 0, false},
    {2, 4, kV24, 168, 15.25, false},
    {3, 0, "2h16h3h8h16h4hqWh4i16h3h8h16h2h7ii", 264, 98.765, false},
};

TEST(GpuMetrics, EveryRevision) {
  for (const auto& r : kRevisions) {
    const auto bytes = table(r.format, r.content, r.declaration);
    const auto name = metrics_header(bytes)->text() + " of " + std::to_string(r.size);
    EXPECT_EQ(bytes.size(), r.size) << name;
    for (const std::size_t read : {bytes.size(), std::min<std::size_t>(bytes.size(), 512)}) {
      const auto metrics = parse_gpu_metrics(std::string_view(bytes).substr(0, read));
      ASSERT_TRUE(metrics) << name << ": " << metrics.error().message;
      EXPECT_EQ(metrics->power.has_value(), r.watts > 0) << name;
      EXPECT_DOUBLE_EQ(metrics->power.value_or(Watts{0}).value, r.watts) << name;
      EXPECT_EQ(metrics->energy.has_value(), r.counts) << name;
      EXPECT_EQ(metrics->energy.value_or(kCounted), kCounted) << name;
      EXPECT_EQ(metrics->header.is_apu(), r.format >= 2) << name;
    }
  }
}

TEST(GpuMetrics, ATableCutShortIsNotRead) {
  for (const auto& r : kRevisions) {
    const auto bytes = table(r.format, r.content, r.declaration);
    for (const std::size_t left : {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{90}}) {
      const auto metrics = parse_gpu_metrics(std::string_view(bytes).substr(0, left));
      ASSERT_FALSE(metrics) << r.size << " cut to " << left;
      EXPECT_EQ(metrics.error().code, Errc::retry) << r.size << " cut to " << left;
      EXPECT_THAT(metrics.error().message, HasSubstr("truncated")) << r.size << " cut to " << left;
    }
  }
}

TEST(GpuMetrics, UnknownRevisionsAreNamedAndRefused) {
  struct Case {
    const char* name;
    std::string bytes;
    const char* message;
  };
  auto grown = table(1, 4, kV14);
  grown.resize(300);
  grown[0] = static_cast<char>(300 & 0xFF);
  grown[1] = static_cast<char>(300 >> 8);
  const Case cases[] = {
      {"unaligned", table(1, 0, kV11), "v1.0 of 96 bytes is a table of an unknown revision"},
      {"to come", table(1, 10, kV14), "v1.10 of 288 bytes"},
      {"another APU", table(2, 0, kV21), "v2.0 of 120 bytes"},
      {"another format", table(4, 0, kV21), "v4.0 of 120 bytes"},
      {"known, but grown", grown, "v1.4 of 300 bytes"},
      {"all zero", std::string(120, '\0'), "v0.0 of 0 bytes"},
      {"text", "garbage\n", "v114.98 of 24935 bytes"},
  };
  for (const auto& c : cases) {
    const auto metrics = parse_gpu_metrics(c.bytes);
    ASSERT_FALSE(metrics) << c.name;
    EXPECT_EQ(metrics.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(metrics.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(GpuMetrics, AllOnesAreNotAvailable) {
  for (const auto& r : kRevisions) {
    auto bytes = table(r.format, r.content, r.declaration);
    std::fill(bytes.begin() + 4, bytes.end(), '\xFF');
    const auto metrics = parse_gpu_metrics(bytes);
    ASSERT_TRUE(metrics) << metrics.error().message;
    EXPECT_FALSE(metrics->energy || metrics->power || metrics->limited) << metrics->header.text();
  }
  auto radeon = table(1, 3, kV11 + "q4hT");
  radeon.replace(24, 8, std::string("\xFF\xFF\xFF\xFF\0\0\0\0", 8));
  EXPECT_FALSE(parse_gpu_metrics(radeon)->energy) << "32 bits of ones, where firmware no longer counts";
}

// v1.9: attributes of (unit, type, id, values).
struct Attribute {
  std::uint64_t type, id;
  std::vector<std::uint64_t> values;
};
constexpr std::uint64_t kU16 = 2, kU32 = 4, kU64 = 6;

std::string attributes(const std::vector<Attribute>& all, std::uint64_t claimed) {
  constexpr std::size_t kWidths[] = {1, 1, 2, 2, 4, 4, 8, 8, 8};
  std::string bytes(4, '\0');
  append(bytes, claimed, 4);
  for (const auto& a : all) {
    append(bytes, 3ULL << 24 | a.type << 20 | a.id << 10 | a.values.size(), 8);
    for (const auto value : a.values) append(bytes, value, kWidths[a.type]);
  }
  bytes[0] = static_cast<char>(bytes.size());
  bytes[1] = static_cast<char>(bytes.size() >> 8);
  bytes[2] = 1;
  bytes[3] = 9;
  return bytes;
}

TEST(GpuMetrics, AListOfAttributes) {
  const std::vector<Attribute> mi300{{kU16, 0, {41}},       {kU16, 3, {417}},     {kU16, 48, {1, 2, 3, 4}},
                                     {kU64, 7, {kCounted}}, {kU32, 11, {500000}}, {kU32, 900, {7}}};
  const auto metrics = parse_gpu_metrics(attributes(mi300, mi300.size()));
  ASSERT_TRUE(metrics) << metrics.error().message;
  EXPECT_EQ(metrics->power->value, 417);
  EXPECT_EQ(metrics->energy, kCounted);
  EXPECT_EQ((*metrics->limited)[0], 500000U);

  auto longer = mi300;
  longer.push_back({kU64, 29, std::vector<std::uint64_t>(200)});
  const auto bytes = attributes(longer, longer.size());
  const auto beginning = parse_gpu_metrics(std::string_view(bytes).substr(0, 512));
  ASSERT_TRUE(beginning) << beginning.error().message;
  EXPECT_EQ(beginning->energy, kCounted) << "what was not read is not missed";
}

TEST(GpuMetrics, AListThatContradictsItselfIsRefused) {
  struct Case {
    const char* name;
    std::string bytes;
    Errc code;
  };
  auto no_values = attributes({{kU16, 3, {417}}}, 1);
  no_values[8] = 0;
  auto short_of_count = attributes({}, 0);
  short_of_count[0] = 4;
  const Case cases[] = {
      {"more attributes than there are", attributes({{kU16, 3, {417}}}, 2), Errc::invalid},
      {"billions of attributes", attributes({{kU16, 3, {417}}}, 0xFFFFFFFF), Errc::invalid},
      {"unknown type", attributes({{8, 3, {417}}}, 1), Errc::invalid},
      {"no values", no_values, Errc::invalid},
      {"no count", short_of_count, Errc::unavailable},
      {"cut", attributes({{kU16, 3, {417}}}, 1).substr(0, 12), Errc::retry},
  };
  for (const auto& c : cases) {
    const auto metrics = parse_gpu_metrics(c.bytes);
    ASSERT_FALSE(metrics) << c.name;
    EXPECT_EQ(metrics.error().code, c.code) << c.name << ": " << metrics.error().message;
  }
}

TEST(GpuMetrics, WhatLimits) {
  const auto parsed = [](const std::string& bytes) { return *parse_gpu_metrics(bytes); };
  EXPECT_THAT(limited_by(parsed(table(1, 3, kV11 + "q4hT")), {}), ElementsAre("power_cap", "thermal"));
  EXPECT_THAT(limited_by(parsed(table(1, 4, kV14)), {}), ElementsAre("power_cap"));
  EXPECT_THAT(limited_by(parsed(table(1, 1, kV11)), {}), IsEmpty()) << "its bits mean something else on each GPU";

  const auto before = table(1, 7, kV17 + times8("8i32h4h16q") + "i");
  auto after = before;
  EXPECT_THAT(limited_by(parsed(after), {}), IsEmpty()) << "how long it ever did tells nothing of now";
  EXPECT_THAT(limited_by(parsed(after), parsed(before)), IsEmpty());
  ++after[44];  // prochot
  EXPECT_THAT(limited_by(parsed(after), parsed(before)), ElementsAre("hardware"));
  ++after[60];  // memory's temperature
  EXPECT_THAT(limited_by(parsed(after), parsed(before)), ElementsAre("thermal", "hardware"));
}

TEST(GpuMetrics, NoBytesWhateverBringItDown) {
  std::mt19937 random(7);
  std::size_t read = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto& r = kRevisions[static_cast<std::size_t>(i) % std::size(kRevisions)];
    auto bytes = i % 3 == 0 ? attributes({{kU16, 3, {1}}, {kU64, 7, {2}}, {kU32, 11, {3}}}, 3)
                            : table(r.format, r.content, r.declaration);
    for (int n = 0; n < 4; ++n) bytes[4 + random() % (bytes.size() - 4)] = static_cast<char>(random());
    if (i % 5 == 0) bytes.resize(random() % bytes.size());
    if (const auto metrics = parse_gpu_metrics(bytes)) ++read;
  }
  EXPECT_GT(read, 10000U);
}

}  // namespace
}  // namespace ipw::probes::sources::amdgpu
