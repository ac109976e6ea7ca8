#include "exporter/store/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "exporter/record_text.hpp"
#include "tests/support/journal_folder.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

using testing::full_record;
using testing::scope_energy;

class JournalTest : public testing::JournalFolder {};

AttemptRecord cancelled(const std::string& id, const std::string& query_id) {
  auto record = full_record(id, query_id);
  record.outcome = replay::Outcome::cancelled;
  record.verdict.reset();
  record.score.reset();
  return record;
}

AttemptRecord failed_first(const std::string& id, const std::string& query_id) {
  auto record = cancelled(id, query_id);
  record.outcome = replay::Outcome::connect;
  record.outcome_reason = "no connection";
  record.final = false;
  return record;
}

std::vector<std::string> ids(const Result<std::vector<AttemptRecord>>& records) {
  std::vector<std::string> found;
  if (!records) return {records.error().message};
  for (const auto& record : *records) found.push_back(record.id);
  return found;
}

using Ids = std::vector<std::string>;

Ids finished(const Journal& journal) {
  Ids ids;
  const auto read = journal.for_each_finished("local", "mmlu", 3, [&](const std::string& id) { ids.push_back(id); });
  EXPECT_TRUE(read) << read.error().message;
  std::ranges::sort(ids);
  return ids;
}

TEST_F(JournalTest, GivesBackWhatWasStored) {
  const auto journal = open();
  auto bare = AttemptRecord{};
  bare.id = "bare";
  bare.query_id = "q2";
  bare.outcome = replay::Outcome::timeout_first_token;
  auto hostile = full_record("hostile", "q3");
  hostile.answer = std::string("nul \0 quote ' \" bad \xff end", 25);
  hostile.usage.output_tokens = 0;
  hostile.energy[1].validity = Validity::gap;
  hostile.energy[1].quality = probes::Quality::simulated;
  const std::vector<AttemptRecord> stored = {full_record("a-1", "q1"), bare, hostile};
  ASSERT_TRUE(journal->append(stored));
  for (const auto& record : stored) {
    const auto found = journal->find(record.id);
    ASSERT_TRUE(found && *found) << record.id;
    EXPECT_EQ(to_json(**found), to_json(record));
    EXPECT_EQ((*found)->answer, record.answer);
    EXPECT_EQ((*found)->problem, record.problem);
    EXPECT_EQ((*found)->ended_at, record.ended_at);
    EXPECT_EQ((*found)->outcome_reason + (*found)->verdict_reason, record.outcome_reason + record.verdict_reason);
    ASSERT_EQ((*found)->energy.size(), record.energy.size());
    for (std::size_t i = 0; i < record.energy.size(); ++i) EXPECT_EQ((*found)->energy[i].busy, record.energy[i].busy);
  }
  const auto absent = journal->find("nobody");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
}

TEST_F(JournalTest, IsPrivateWhateverTheUmask) {
  const auto before = ::umask(0);
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append({full_record("a", "q")}));
    for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) {
      struct stat info {};
      ASSERT_EQ(::stat((path() + suffix).c_str(), &info), 0) << suffix;
      EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
    }
  }
  ::umask(before);
}

TEST_F(JournalTest, KeepsNeitherProblemNorAnswerWhenToldSo) {
  const auto journal = open({.path = path(), .keep_answers = false, .read_only = false});
  ASSERT_TRUE(journal->append({full_record("a", "q")}));
  const auto found = journal->find("a");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->answer + (*found)->problem, "");
  EXPECT_EQ((*found)->score, 1);
  EXPECT_EQ(sql("SELECT count(*) FROM problems"), "0");
}

TEST_F(JournalTest, ABatchGivenTwiceIsThereOnce) {
  const auto journal = open();
  const std::vector<AttemptRecord> batch = {full_record("a", "q1"), full_record("b", "q2")};
  ASSERT_TRUE(journal->append(batch));
  ASSERT_TRUE(journal->append(batch));
  EXPECT_EQ(ids(journal->queries({})), (Ids{"b", "a"}));
  EXPECT_EQ(sql("SELECT count(*) FROM energy"), "4");
}

TEST_F(JournalTest, AQueryIsFinishedOnceInACycle) {
  const auto journal = open();
  ASSERT_TRUE(journal->append({failed_first("a", "q"), cancelled("b", "q"), full_record("c", "q")}));
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(journal->append({full_record("d", "q"), full_record("e", "other")}));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("an attempt was not stored"), std::string::npos);
  EXPECT_EQ(ids(journal->queries({})), (Ids{"e", "c", "b", "a"}));
  auto next = full_record("f", "q");
  next.cycle = 4;
  auto elsewhere = full_record("g", "q");
  elsewhere.target = "second";
  ASSERT_TRUE(journal->append({next, elsewhere}));
  EXPECT_EQ(ids(journal->queries({})).size(), 6U);
}

TEST_F(JournalTest, SaysWhereToGoOn) {
  const auto journal = open();
  EXPECT_EQ(*journal->last_cycle("local", "mmlu"), std::nullopt);
  EXPECT_EQ(finished(*journal), Ids{});
  auto other = full_record("e", "q9");
  other.target = "other";
  other.cycle = 9;
  ASSERT_TRUE(journal->append(
      {full_record("a", "q2"), full_record("b", "q1"), cancelled("c", "q3"), failed_first("d", "q4"), other}));
  EXPECT_EQ(*journal->last_cycle("local", "mmlu"), 3U);
  EXPECT_EQ(*journal->last_cycle("other", "mmlu"), 9U);
  EXPECT_EQ(*journal->last_cycle("local", "gsm8k"), std::nullopt);
  EXPECT_EQ(finished(*journal), (Ids{"q1", "q2"})) << "cancelled and open ones will be run again";
  auto begun = cancelled("f", "q1");
  begun.cycle = 5;
  ASSERT_TRUE(journal->append({begun}));
  EXPECT_EQ(*journal->last_cycle("local", "mmlu"), 5U) << "a record of any kind counts";
}

TEST_F(JournalTest, FiltersNewestFirst) {
  const auto journal = open();
  auto wrong = full_record("b", "q2");
  wrong.verdict = replay::VerdictKind::wrong;
  auto second = full_record("c", "q3");
  second.target = "second";
  ASSERT_TRUE(
      journal->append({full_record("a", "q1"), wrong, second, failed_first("d", "q4"), full_record("e", "q5")}));
  struct Case {
    const char* name;
    QueryFilter filter;
    Ids expected;
  } const cases[] = {
      {"everything", {"", "", "", 100}, {"e", "d", "c", "b", "a"}},
      {"limited", {"", "", "", 2}, {"e", "d"}},
      {"target", {"local", "", "", 100}, {"e", "d", "b", "a"}},
      {"verdict", {"", "wrong", "", 100}, {"b"}},
      {"outcome", {"", "", "connect", 100}, {"d"}},
      {"all three", {"second", "correct", "ok", 100}, {"c"}},
      {"target and verdict, limited", {"local", "correct", "", 1}, {"e"}},
      {"never seen", {"nobody", "", "", 100}, {}},
      {"no such verdict", {"", "splendid", "", 100}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(ids(journal->queries(c.filter)), c.expected) << c.name;
}

TEST_F(JournalTest, FindsTheAttemptsOfTheSameQueryInCyclesNearby) {
  const auto journal = open();
  const auto in_cycle = [](AttemptRecord record, std::uint64_t cycle) {
    record.cycle = cycle;
    return record;
  };
  auto elsewhere = full_record("elsewhere", "q");
  elsewhere.target = "other";
  ASSERT_TRUE(journal->append({in_cycle(full_record("far", "q"), 0), in_cycle(full_record("first", "q"), 1),
                               in_cycle(failed_first("retried", "q"), 6), in_cycle(full_record("own", "q"), 6),
                               in_cycle(full_record("other query", "p"), 6), in_cycle(elsewhere, 6),
                               in_cycle(full_record("last", "q"), 11), in_cycle(full_record("later", "q"), 12)}));
  const auto own = journal->find("own");
  ASSERT_TRUE(own && *own);
  EXPECT_EQ(ids(journal->same_query(**own)), (Ids{"first", "retried", "own", "last"}));
  auto unknown = **own;
  unknown.target = "nobody";
  EXPECT_EQ(ids(journal->same_query(unknown)), Ids{});
}

TEST_F(JournalTest, StreamsOldestFirstAndStopsWhenAsked) {
  const auto journal = open();
  std::vector<AttemptRecord> records;
  for (int i = 0; i < 700; ++i) records.push_back(full_record("a" + std::to_string(i), "q" + std::to_string(i)));
  ASSERT_TRUE(journal->append(records));
  int seen = 0;
  ASSERT_TRUE(journal->for_each([&](const AttemptRecord& record) {
    EXPECT_EQ(record.id, "a" + std::to_string(seen++));
    if (seen == 1) {
      EXPECT_TRUE(journal->find("a0")) << "no lock is held";
      EXPECT_TRUE(journal->append({full_record("late", "late"), full_record("later", "later")}));
    }
    return true;
  }));
  EXPECT_EQ(seen, 700) << "what was stored when it began";
  seen = 0;
  ASSERT_TRUE(journal->for_each([&](const AttemptRecord&) { return ++seen < 300; }));
  EXPECT_EQ(seen, 300);
  EXPECT_TRUE(open({.path = (folder_.path() / "new.db").string()})->for_each([](const auto&) { return false; }));
}

TEST_F(JournalTest, TotalsAreOverMeteredAndJudgedQueriesWithAllTheirAttempts) {
  const auto with = [](AttemptRecord record, double joules, int attempt = 1, Validity validity = Validity::ok) {
    record.attempt = attempt;
    record.energy = {scope_energy(probes::Scope::accelerator, joules)};
    record.energy[0].validity = validity;
    return record;
  };
  auto wrong = full_record("w", "wrong");
  wrong.score = 0;
  auto unjudged = full_record("u", "unjudged");
  unjudged.verdict.reset();
  auto nothing = full_record("n", "no meter");
  nothing.energy.clear();
  const auto journal = open();
  ASSERT_TRUE(journal->append({
      with(full_record("a", "plain"), 1),
      with(failed_first("b1", "retried"), 10),
      with(full_record("b2", "retried"), 20, 2),
      with(failed_first("c1", "again"), 1000),
      with(cancelled("c2", "again"), 1000, 2),
      with(failed_first("c3", "again"), 100),
      with(full_record("c4", "again"), 200, 2),
      with(failed_first("d1", "bad first"), 5000, 1, Validity::gap),
      with(full_record("d2", "bad first"), 5000, 2),
      with(full_record("e", "bad"), 5000, 1, Validity::reset),
      with(failed_first("f", "open"), 5000),
      with(wrong, 4000),
      with(unjudged, 5000),
      nothing,
  }));
  const auto totals = journal->totals();
  ASSERT_TRUE(totals) << totals.error().message;
  ASSERT_EQ(totals->size(), 1U);
  EXPECT_EQ(totals->at(0).target, "local");
  EXPECT_EQ(totals->at(0).scope, probes::Scope::accelerator);
  EXPECT_EQ(totals->at(0).quality, probes::Quality::measured);
  EXPECT_EQ(totals->at(0).queries, 4U);
  EXPECT_EQ(totals->at(0).score, 3);
  EXPECT_DOUBLE_EQ(totals->at(0).energy.value, 1 + 30 + 300 + 4000);
}

TEST_F(JournalTest, RefusesWhatIsNoJournal) {
  folder_.write("ipw.db", "this is a text file, not a database\n");
  EXPECT_EQ(refusal().message, "journal " + path() + ": is not a journal of ipw-sidecar: give another `store.path`");
  EXPECT_EQ(testing::read_file(path()), "this is a text file, not a database\n") << "untouched";

  std::filesystem::remove(path());
  EXPECT_EQ(sql("CREATE TABLE somebody_elses (x)"), "");
  EXPECT_EQ(refusal().code, Errc::invalid);
  EXPECT_EQ(sql("PRAGMA journal_mode"), "delete") << "untouched";

  std::filesystem::remove(path());
  static_cast<void>(open());
  EXPECT_EQ(sql("PRAGMA user_version = 7"), "");
  for (const bool read_only : {false, true})
    EXPECT_EQ(refusal({.path = path(), .keep_answers = true, .read_only = read_only}).message,
              "journal " + path() +
                  ": was written by a newer ipw-sidecar (journal version 7, this one knows 5): use that one, or "
                  "another `store.path`");
}

TEST_F(JournalTest, TellsWhatATargetHasTakenSinceMidnight) {
  constexpr std::int64_t kMidnight = 1795132800000000;
  const auto at = [](AttemptRecord record, std::int64_t sent, std::int64_t ended, double joules) {
    record.sent_at = testing::wall(kMidnight + sent);
    record.ended_at = testing::wall(kMidnight + ended);
    record.energy = {scope_energy(probes::Scope::accelerator, joules), scope_energy(probes::Scope::node, 7000)};
    record.cost_usd = joules / 100;
    return record;
  };
  auto second = full_record("c2", "q3");
  second.attempt = 2;
  auto elsewhere = full_record("e", "q5");
  elsewhere.target = "another";
  auto bare = full_record("f", "q6");
  const auto journal = open();
  EXPECT_EQ(journal->spent_since("local", testing::wall(kMidnight))->queries, 0U) << "empty";
  ASSERT_TRUE(
      journal->append({at(full_record("a", "q1"), -2000, -1000, 1000), at(full_record("b", "q2"), -1000, 1000, 10),
                       at(failed_first("c1", "q3"), 0, 500, 20), at(second, 600, 700, 30),
                       at(cancelled("d", "q4"), 5, 6, 40), at(elsewhere, 5, 6, 1000)}));
  bare.sent_at = bare.ended_at = testing::wall(kMidnight + 9);
  bare.energy.clear();
  bare.cost_usd.reset();
  ASSERT_TRUE(journal->append({bare}));
  const auto spent = journal->spent_since("local", testing::wall(kMidnight));
  ASSERT_TRUE(spent) << spent.error().message;
  EXPECT_EQ(spent->queries, 3U) << "q3, q4 and q6 went out since";
  EXPECT_DOUBLE_EQ(spent->joules.value, 10 + 20 + 30 + 40) << "what ended since, of the accelerator";
  EXPECT_DOUBLE_EQ(spent->dollars, 1);
  EXPECT_EQ(journal->spent_since("nobody", testing::wall(0))->queries, 0U);
}

TEST_F(JournalTest, RefusesAPlaceThatCannotHoldOne) {
  const auto nowhere = (folder_.path() / "no" / "such.db").string();
  EXPECT_EQ(refusal({.path = nowhere}).message,
            "journal " + nowhere + ": cannot create " + nowhere +
                ".lock: No such file or directory: look at `store.path` and its folder");
  EXPECT_EQ(refusal({.path = nowhere, .keep_answers = true, .read_only = true}).message,
            "journal " + nowhere + ": there is no such file");
  EXPECT_EQ(refusal({.path = folder_.path().string()}).message, "journal " + folder_.path().string() + ": is a folder");
  folder_.write("ipw.db", "");
  EXPECT_EQ(refusal({.path = path(), .keep_answers = true, .read_only = true}).message,
            "journal " + path() + ": is empty");
}

TEST_F(JournalTest, HasOneWriterAndAnyNumberOfReaders) {
  auto writer = open();
  std::filesystem::create_symlink(path(), folder_.path() / "alias.db");
  for (const auto& name : {path(), (folder_.path() / "alias.db").string()}) {
    const auto second = refusal({.path = name});
    EXPECT_EQ(second.code, Errc::unavailable);
    EXPECT_EQ(second.message, "journal " + path() + ": is in use by another ipw-sidecar (process " +
                                  std::to_string(::getpid()) + "): stop that one, or give another `store.path`");
  }
  const auto reader = open({.path = path(), .keep_answers = true, .read_only = true});
  ASSERT_TRUE(writer->append({full_record("a", "q")}));
  EXPECT_EQ(ids(reader->queries({})), Ids{"a"}) << "sees what is stored meanwhile";
  EXPECT_EQ(reader->append({full_record("b", "r")}).error().code, Errc::internal);
  writer.reset();
  writer = open();
  EXPECT_EQ(ids(writer->queries({})), Ids{"a"});
}

TEST_F(JournalTest, AFullDiskStoresNothingAndLosesNothing) {
  const auto journal = open();
  ASSERT_TRUE(journal->append({full_record("a", "q")}));
  std::vector<AttemptRecord> batch;
  for (int i = 0; i < 200; ++i) {
    batch.push_back(full_record("b" + std::to_string(i), "r" + std::to_string(i)));
    batch.back().subject = "subject " + std::to_string(i);
    batch.back().answer = std::string(4000, 'x');
  }
  // A limit on the size of files fails a write as a full disk does.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{200'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = journal->append(batch);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::retry);
  EXPECT_EQ(refused.error().message, "journal " + path() +
                                         ": cannot store 200 attempts: disk I/O error: see that its disk has "
                                         "room; nothing is lost while the program runs");
  EXPECT_EQ(ids(journal->queries({})), Ids{"a"});
  ASSERT_TRUE(journal->append(batch)) << "once there is room";
  EXPECT_EQ(ids(journal->queries({.target = "", .verdict = "", .outcome = "", .limit = 1000})).size(), 201U);
  const auto last = journal->find("b199");
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->subject, "subject 199") << "labels given before the rollback are not used after it";
  EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
}

TEST_F(JournalTest, ReadsWhileItWrites) {
  const auto journal = open();
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    while (!done) {
      const auto records = journal->queries({.target = "local", .verdict = "correct", .outcome = "", .limit = 10});
      ASSERT_TRUE(records) << records.error().message;
      ASSERT_TRUE(journal->last_cycle("local", "mmlu"));
    }
  });
  for (int i = 0; i < 100; ++i) {
    std::vector<AttemptRecord> batch;
    for (int n = 0; n < 5; ++n)
      batch.push_back(full_record(std::to_string(i) + "-" + std::to_string(n), std::to_string(i * 5 + n)));
    ASSERT_TRUE(journal->append(batch));
  }
  done = true;
  reader.join();
  EXPECT_EQ(finished(*journal).size(), 500U);
}

constexpr int kBatch = 7;

// Appends batches for ever, telling each that was stored through `out`.
[[noreturn]] void append_until_killed(const std::string& path, int first, int out) {
  const auto journal = Journal::open({.path = path});
  for (int batch = first; journal; ++batch) {
    std::vector<AttemptRecord> records;
    for (int n = 0; n < kBatch; ++n) {
      const auto id = std::to_string(batch) + "-" + std::to_string(n);
      records.push_back(full_record(id, id));
    }
    if (!(*journal)->append(records) || ::write(out, &batch, sizeof batch) != sizeof batch) break;
  }
  ::_exit(1);
}

TEST_F(JournalTest, AKilledWriterLeavesWholeBatches) {
  int first = 0;
  for (int round = 0; round < 15; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    if (child == 0) append_until_killed(path(), first, ends[1]);
    ::close(ends[1]);
    int acknowledged = first - 1;
    for (int i = 0; i < 3; ++i)
      ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged), ssize_t{sizeof acknowledged});
    // Anywhere within the batches that follow: one takes a fraction of a millisecond.
    const timespec pause{0, round * 137'000};
    ::nanosleep(&pause, nullptr);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    while (::read(ends[0], &acknowledged, sizeof acknowledged) > 0) {
    }
    ::close(ends[0]);

    const auto journal = open();
    ASSERT_TRUE(journal);
    EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
    const auto done = finished(*journal).size();
    EXPECT_EQ(done % kBatch, 0U) << "each batch is there wholly or not at all";
    const int stored = static_cast<int>(done) / kBatch;
    EXPECT_GE(stored, acknowledged + 1) << "what was acknowledged is there";
    EXPECT_EQ(sql("SELECT count(*) FROM energy"), std::to_string(stored * kBatch * 2));
    first = stored;
  }
}

}  // namespace
}  // namespace ipw
