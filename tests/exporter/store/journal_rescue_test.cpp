#include "exporter/store/journal_rescue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/journal_folder.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 400;

class JournalRescue : public testing::JournalFolder {
 protected:
  void fill() const {
    const auto journal = open();
    std::vector<AttemptRecord> records;
    for (int i = 0; i < kAttempts; ++i) {
      auto record = testing::full_record("a" + std::to_string(i), "q" + std::to_string(i));
      record.answer = std::string(300, 'x');
      records.push_back(record);
    }
    ASSERT_TRUE(journal->append(records));
    ASSERT_TRUE(journal->keep_judgement("question", 0.5));
  }
  // Garbage from one place of the file to another, given as shares of its length.
  void damage(double from, double to) const {
    const auto size = static_cast<double>(fs::file_size(path()));
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size * from));
    const std::string garbage(static_cast<std::size_t>(size * (to - from)), '\x5a');
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  static int count(const Journal& journal) {
    int found = 0;
    EXPECT_TRUE(journal.for_each([&](const AttemptRecord&) { return ++found > 0; }));
    return found;
  }
};

TEST_F(JournalRescue, LeavesASoundOneAlone) {
  fill();
  const auto journal = open();
  EXPECT_EQ(count(*journal), kAttempts);
  EXPECT_FALSE(fs::exists(path() + ".damaged"));
}

TEST_F(JournalRescue, KeepsWhatCanBeReadAndTheDamagedFile) {
  fill();
  damage(0.5, 0.6);
  const auto journal = open();
  ASSERT_TRUE(journal);
  const int kept = count(*journal);
  EXPECT_GT(kept, kAttempts / 3);
  EXPECT_LT(kept, kAttempts);
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
  EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
  ASSERT_TRUE(journal->append({testing::full_record("new", "new")})) << "and goes on";
  EXPECT_EQ(count(*journal), kept + 1);
}

TEST_F(JournalRescue, ReadsUpToWhereAFileWasCutOff) {
  fill();
  fs::resize_file(path(), fs::file_size(path()) * 3 / 4);
  const auto journal = open();
  ASSERT_TRUE(journal);
  EXPECT_GT(count(*journal), 0);
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
}

TEST_F(JournalRescue, DamagedAgainBothFilesAreKept) {
  fill();
  damage(0.5, 0.6);
  ASSERT_TRUE(open());
  damage(0.5, 0.6);
  ASSERT_TRUE(open());
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
  EXPECT_TRUE(fs::exists(path() + ".damaged2"));
}

TEST_F(JournalRescue, WhatIsNoJournalIsRefusedAndNotTouched) {
  std::ofstream(path()) << "some notes\n";
  EXPECT_NE(refusal().message.find("is not a journal of ipw-sidecar"), std::string::npos);
  EXPECT_EQ(fs::file_size(path()), 11U);
}

}  // namespace
}  // namespace ipw
