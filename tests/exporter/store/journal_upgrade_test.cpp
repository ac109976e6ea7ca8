#include <gtest/gtest.h>

#include <filesystem>

#include "exporter/record_text.hpp"
#include "tests/support/journal_folder.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

using testing::full_record;

class JournalUpgrade : public testing::JournalFolder {
 protected:
  static std::vector<std::string> ids(const Result<std::vector<AttemptRecord>>& records) {
    std::vector<std::string> found;
    for (const auto& record : *records) found.push_back(record.id);
    return found;
  }
};

// Make the file what older versions wrote.
constexpr const char* kTo4 =
    "ALTER TABLE attempts DROP COLUMN epoch; DROP TABLE epochs; DROP TABLE baselines; PRAGMA user_version = 4;";
constexpr const char* kTo3 =
    "ALTER TABLE attempts DROP COLUMN judge; ALTER TABLE attempts DROP COLUMN control;"
    "ALTER TABLE attempts DROP COLUMN slices; DROP TABLE judgements; PRAGMA user_version = 3;";
constexpr const char* kTo2 =
    "ALTER TABLE attempts DROP COLUMN server_running; ALTER TABLE attempts DROP COLUMN server_waiting;"
    "ALTER TABLE attempts DROP COLUMN foreign_running; ALTER TABLE attempts DROP COLUMN client_lag_s;"
    "PRAGMA user_version = 2;";
constexpr const char* kTo1 =
    "ALTER TABLE attempts DROP COLUMN chunks; ALTER TABLE attempts DROP COLUMN server_load_s;"
    "ALTER TABLE attempts DROP COLUMN server_queue_s; ALTER TABLE attempts DROP COLUMN server_prefill_s;"
    "ALTER TABLE attempts DROP COLUMN server_decode_s; ALTER TABLE attempts DROP COLUMN server_total_s;"
    "PRAGMA user_version = 1;";

TEST_F(JournalUpgrade, AnOlderOneIsReadAsItIsAndWrittenAsANewOne) {
  for (const int version : {1, 2, 3, 4}) {
    std::filesystem::remove(path());
    auto record = full_record("a", "q");
    ASSERT_TRUE(open()->append({record}));
    ASSERT_EQ(
        sql(std::string(kTo4) + (version < 4 ? kTo3 : "") + (version < 3 ? kTo2 : "") + (version < 2 ? kTo1 : "")), "");
    record.epoch.clear();
    if (version < 4) record.judge.clear(), record.slices.clear();
    if (version < 3) record.load = {}, record.client_lag.reset();
    if (version == 1) record.chunks.reset();
    if (version == 1) record.server = {};

    const auto reader = open({.path = path(), .keep_answers = true, .read_only = true});
    ASSERT_TRUE(reader);
    EXPECT_EQ(to_json(**reader->find("a")), to_json(record)) << "what it does not know is unknown";
    EXPECT_EQ(sql("PRAGMA user_version"), std::to_string(version)) << "reading changes nothing";

    const auto journal = open();
    ASSERT_TRUE(journal);
    EXPECT_EQ(sql("PRAGMA user_version"), "5");
    EXPECT_EQ(to_json(**journal->find("a")), to_json(record));
    const auto copy = open({.path = path() + ".v" + std::to_string(version), .keep_answers = true, .read_only = true});
    ASSERT_TRUE(copy);
    EXPECT_EQ(to_json(**copy->find("a")), to_json(record)) << "it is kept as it was";
    ASSERT_TRUE(journal->append({full_record("b", "r")}));
    EXPECT_EQ(to_json(**journal->find("b")), to_json(full_record("b", "r")));
    EXPECT_EQ(ids(reader->queries({})), (std::vector<std::string>{"b", "a"})) << "a reader beside it goes on";
  }
}

}  // namespace
}  // namespace ipw
