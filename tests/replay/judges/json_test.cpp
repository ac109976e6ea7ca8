#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer, const std::string& schema = {}) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.judge = "json";
  item.place = "corpus.jsonl:7";
  if (!schema.empty()) item.metadata.emplace_back("schema", schema);
  return item;
}

const Bench& bench() {
  static const auto bench = Bench::open(Options::none());
  return **bench;
}

TEST(Json, FindsTheJsonInTheAnswer) {
  const struct {
    const char* name;
    const char* text;
    VerdictKind verdict;
  } cases[] = {
      {"whole", " {\"a\": 1}\n", VerdictKind::correct},
      {"fenced", "Here:\n```json\n{\"a\": 1}\n```\nDone.", VerdictKind::correct},
      {"fenced without a mark", "Here:\n```\n{\"a\": 1}\n```", VerdictKind::correct},
      {"last fence", "```json\n{\"a\": 2}\n```\nNo:\n```JSON\n{\"a\": 1}\n```", VerdictKind::correct},
      {"fence before prose", "```json\n{\"a\": 1}\n```\nNot {\"a\": 2}.", VerdictKind::correct},
      {"fence of another language", "{\"a\": 1}\n```python\n{\"a\": 2}\n```", VerdictKind::wrong},
      {"in prose", "It is {\"a\": 1}.", VerdictKind::correct},
      {"last in prose", "{\"a\": 2} or rather {\"a\": 1}", VerdictKind::correct},
      {"outermost", "So {\"b\": {\"a\": 2}, \"a\": 1} it is", VerdictKind::correct},
      {"another kind behind it", "{\"a\": 1}, see [1].", VerdictKind::correct},
      {"quotation marks before it", "5\" of \"rain\": {\"a\": 1}", VerdictKind::correct},
      {"an open bracket before it", "in [0, 1) we have {\"a\": 1}", VerdictKind::correct},
      {"brackets in a text", "so {\"b\": \"}]\\\"{\", \"a\": 1}", VerdictKind::correct},
      {"behind reasoning", "<think>{\"a\": 2}</think>{\"a\": 1}", VerdictKind::correct},
      {"another kind only", "[1]", VerdictKind::wrong},
      {"no JSON", "a is 1", VerdictKind::unparsed},
      {"cut short", "{\"a\": 1", VerdictKind::unparsed},
      {"single quotation marks", "{'a': 1}", VerdictKind::unparsed},
      {"only reasoning", "<think>{\"a\": 1}", VerdictKind::unparsed},
      {"not UTF-8", "{\"a\": \"\xff\"}", VerdictKind::unparsed},
  };
  for (const auto& c : cases)
    EXPECT_EQ(bench().judge(item_with("{\"a\": 1}"), c.text).kind, c.verdict) << c.name << ": " << c.text;
}

TEST(Json, ComparesFieldsByValue) {
  const struct {
    const char* name;
    const char* expected;
    const char* text;
    const char* reason;
  } cases[] = {
      {"more fields", R"({"a": 1})", R"({"b": 2, "a": 1})", R"(`{"b": 2, "a": 1}`)"},
      {"numbers by value", R"({"a": 1})", R"({"a": 1.0})", R"(`{"a": 1.0}`)"},
      {"another number", R"({"a": 1})", R"({"a": 1.5})", "`$.a` is 1.5, expected 1"},
      {"text is no number", R"({"a": 1})", R"({"a": "1"})", "`$.a` is \"1\", expected 1"},
      {"missing", R"({"a": {"b": null}})", R"({"a": {}})", "`$.a.b` is missing, expected null"},
      {"deep", R"({"a": [{"b": true}]})", R"({"a": [{"b": false}]})", "`$.a[0].b` is false, expected true"},
      {"order of lists", "[1, 2]", "[2, 1]", "`$[0]` is 2, expected 1"},
      {"shorter list", "[1, 2]", "[1]", "`$` has 1 items, expected 2"},
      {"longer list", "[1]", "[1, 2]", "`$` has 2 items, expected 1"},
      {"case of texts", R"({"a": "x"})", R"({"a": "X"})", "`$.a` is \"X\", expected \"x\""},
      {"escapes", R"({"a": "é"})", R"({"a": "\u00e9"})", R"(`{"a": "\u00e9"}`)"},
      {"a number alone", "42", "42.0", "`42.0`"},
      {"the whole of another kind", R"({"a": 1})", "[1]", "`$` is [1], expected {\"a\":1}"},
  };
  for (const auto& c : cases) {
    const auto verdict = bench().judge(item_with(c.expected), c.text);
    EXPECT_EQ(verdict.reason, c.reason) << c.name;
    EXPECT_EQ(verdict.score, c.reason[1] == '$' ? 0 : 1) << c.name;
  }
}

TEST(Json, ExtraFieldsMayBeRefused) {
  const auto strict = Bench::open(ipw::testing::options_from("json: {extra_fields: false}"));
  ASSERT_TRUE(strict) << strict.error().message;
  const auto item = item_with(R"({"a": {"b": 1}})");
  EXPECT_EQ((*strict)->judge(item, R"({"a": {"b": 1, "c": 2}})").reason, "`$.a.c` was not asked for");
  EXPECT_EQ((*strict)->judge(item, R"({"a": {"b": 1}})").kind, VerdictKind::correct);
}

TEST(Json, HoldsTheAnswerAgainstTheSchema) {
  const struct {
    const char* schema;
    const char* right;
    const char* wrong;
    const char* reason;
  } cases[] = {
      {R"({"type": "object"})", "{}", "[]", "`$` is of type array, expected \"object\""},
      {R"({"type": "integer"})", "3.0", "3.5", "`$` is of type number, expected \"integer\""},
      {R"({"type": ["string", "null"]})", "null", "1", R"(`$` is of type number, expected ["string","null"])"},
      {R"({"enum": [1, "a"]})", "1.0", "2", "`$` is 2, expected one of [1,\"a\"]"},
      {R"({"const": {"a": [1]}})", R"({"a": [1]})", R"({"a": [2]})", R"(`$` is {"a":[2]}, expected {"a":[1]})"},
      {R"({"required": ["a", "b"]})", R"({"a": 1, "b": null})", R"({"a": 1})", "`$.b` is missing"},
      {R"({"properties": {"a": {"type": "string"}}})", R"({"b": 1})", R"({"a": 1})",
       "`$.a` is of type number, expected \"string\""},
      {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})", R"({"b": 1})",
       "`$.b` must not be there"},
      {R"({"additionalProperties": {"type": "number"}})", R"({"b": 1})", R"({"b": "1"})",
       "`$.b` is of type string, expected \"number\""},
      {R"({"items": {"minimum": 2}})", "[2, 3]", "[2, 1]", "`$[1]` is 1, `minimum` is 2"},
      {R"({"minItems": 1, "maxItems": 2})", "[1]", "[]", "`$` has 0 items, `minItems` is 1"},
      {R"({"minItems": 1, "maxItems": 2})", "[1, 2]", "[1, 2, 3]", "`$` has 3 items, `maxItems` is 2"},
      {R"({"maximum": 2})", "2", "2.1", "`$` is 2.1, `maximum` is 2"},
      {R"({"exclusiveMinimum": 2})", "2.1", "2", "`$` is 2, `exclusiveMinimum` is 2"},
      {R"({"exclusiveMaximum": 2})", "1.9", "2.0", "`$` is 2.0, `exclusiveMaximum` is 2"},
      {R"({"minLength": 2})", "\"éé\"", "\"é\"", "`$` has 1 characters, `minLength` is 2"},
      {R"({"maxLength": 1})", "\"é\"", "\"ab\"", "`$` has 2 characters, `maxLength` is 1"},
      {R"({"pattern": "^[A-Z]"})", "\"Ab\"", "\"ab\"", "`$` is \"ab\", which does not match \"^[A-Z]\""},
      {R"({"anyOf": [{"type": "null"}, {"minimum": 1}]})", "null", "0", "`$` fits 0 of the schemas of `anyOf`"},
      {R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "1", "2", "`$` fits 2 of the schemas of `oneOf`"},
      {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "1", "3", "`$` is 3, `maximum` is 2"},
      {R"({"not": {"type": "null"}})", "1", "null", "`$` is null, which `not` excludes"},
      {R"({"title": "T", "minimum": 1, "minLength": 9})", "1", "0", "`$` is 0, `minimum` is 1"},
  };
  for (const auto& c : cases) {
    const auto item = item_with("", c.schema);
    ASSERT_TRUE(bench().accepts(item)) << c.schema;
    EXPECT_EQ(bench().judge(item, c.right).kind, VerdictKind::correct) << c.schema;
    const auto wrong = bench().judge(item, c.wrong);
    EXPECT_EQ(wrong.kind, VerdictKind::wrong) << c.schema;
    EXPECT_EQ(wrong.reason, c.reason) << c.schema;
  }
}

TEST(Json, SchemaAndFieldsMustBothHold) {
  const auto item = item_with(R"({"a": 1})", R"({"required": ["b"]})");
  EXPECT_EQ(bench().judge(item, R"({"a": 1, "b": 2})").kind, VerdictKind::correct);
  EXPECT_EQ(bench().judge(item, R"({"a": 1})").reason, "`$.b` is missing");
  EXPECT_EQ(bench().judge(item, R"({"a": 2, "b": 2})").reason, "`$.a` is 2, expected 1");
}

TEST(Json, RefusesWhatItCannotJudge) {
  const std::string deep(300, '[');
  const struct {
    CorpusItem item;
    std::string error;
  } cases[] = {
      {item_with(""), "`answer` is missing: the judge `json` needs it"},
      {item_with("{a: 1}"), "`answer` for json must be JSON, got `{a: 1}`"},
      {item_with(deep), "`answer` for json must be JSON, got `" + deep.substr(0, 60) + "…`"},
      {item_with("1", "5"), "`schema`: $: a schema must be an object, not number"},
      {item_with("1", deep), "`schema`: $: nested deeper than 200 levels"},
      {item_with("1", R"({"format": "date"})"), "`schema`: $.format: the keyword `format` is not supported"},
      {item_with("1", R"({"items": {"$ref": "#"}})"),
       "`schema`: $.items.$ref: references are not followed; write the schema out in place"},
      {item_with("1", R"({"type": "text"})"), "`schema`: $.type must be a type, or a list of types, not \"text\""},
      {item_with("1", R"({"required": "a"})"), "`schema`: $.required must be a list of names, not \"a\""},
      {item_with("1", R"({"enum": []})"), "`schema`: $.enum must be a list of values, not []"},
      {item_with("1", R"({"minimum": "1"})"), "`schema`: $.minimum must be a number, not \"1\""},
      {item_with("1", R"({"minItems": -1})"), "`schema`: $.minItems must be a whole number, not -1"},
      {item_with("1", R"({"anyOf": [{}, 1]})"), "`schema`: $.anyOf[1]: a schema must be an object, not number"},
      {item_with("1", R"({"anyOf": []})"), "`schema`: $.anyOf must be a list of schemas, not []"},
      {item_with("1", R"({"properties": []})"), "`schema`: $.properties must be an object, not []"},
      {item_with("1", R"({"pattern": "("})"), "`schema`: $.pattern: no regular expression: missing ): ("},
      {item_with("1", R"({"pattern": 1})"), "`schema`: $.pattern must be a text, not 1"},
  };
  for (const auto& c : cases) {
    const auto refused = bench().accepts(c.item);
    ASSERT_FALSE(refused) << c.error;
    EXPECT_EQ(refused.error().message, "corpus.jsonl:7: " + c.error);
  }
}

TEST(Json, DeepNestingIsNoAnswer) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_EQ(bench().judge(item_with("[]"), deep).kind, VerdictKind::unparsed);
  EXPECT_EQ(bench().judge(item_with("[[]]"), deep + "\nso [[]]").kind, VerdictKind::correct);
}

TEST(Json, ALineMayGiveItsAnswerAsJson) {
  const auto reader =
      CorpusReader::from_text("c.jsonl", R"({"problem": "p", "answer": {"a": [1]}, "schema": {"type": "object"}})");
  const auto item = **reader->next();
  EXPECT_EQ(bench().judge_of(item), "json");
  EXPECT_EQ(bench().judge(item, R"({"a": [1]})").kind, VerdictKind::correct);
}

}  // namespace
}  // namespace ipw::replay
