#include "probes/http_digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipw::probes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kRealm = R"(realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",)"
                               R"( opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";
const DigestRequest kMufasa{
    "GET", "/dir/index.html", "Mufasa", "Circle of Life", 1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"};

std::string answer(const std::string& more) {
  const auto challenges = parse_challenges("Digest " + std::string(kRealm) + more);
  if (challenges.size() != 1) return "not one challenge";
  return digest_authorization(challenges[0], kMufasa).value_or("none");
}

TEST(HttpDigest, AnswersTheExamplesOfTheStandard) {
  struct Case {
    const char* name;
    const char* more;
    const char* response;
  } const cases[] = {
      {"RFC 7616, MD5", R"(, qop="auth, auth-int", algorithm=MD5)", "8ca523f5e9506fed4657c9700eebdbec"},
      {"MD5 by default", R"(, qop="auth")", "8ca523f5e9506fed4657c9700eebdbec"},
      {"RFC 7616, SHA-256", R"(, qop="auth, auth-int", algorithm=SHA-256)",
       "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
  };
  for (const auto& c : cases) {
    const auto header = answer(c.more);
    EXPECT_THAT(header, HasSubstr("response=\"" + std::string(c.response) + "\"")) << c.name;
    EXPECT_THAT(header, HasSubstr(R"(Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9)"));
    EXPECT_THAT(header, HasSubstr(R"(uri="/dir/index.html")"));
    EXPECT_THAT(header, HasSubstr(R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001)"));
    EXPECT_THAT(header, Not(HasSubstr("Circle")));
  }
}

TEST(HttpDigest, RefusesWhatItCannotAnswer) {
  EXPECT_EQ(answer(R"(, qop="auth-int")"), "none");
  EXPECT_EQ(answer(", algorithm=SHA-1"), "none");
  EXPECT_THAT(answer(""), HasSubstr("Digest username=")) << "without qop, as in RFC 2069";
  EXPECT_FALSE(digest_authorization({"digest", {{"realm", "a"}}}, kMufasa)) << "no nonce";
  EXPECT_FALSE(digest_authorization({"digest", {{"realm", "a\rX: 1"}, {"nonce", "b"}}}, kMufasa));
}

TEST(HttpDigest, ValuesAreQuoted) {
  const auto header = digest_authorization({"digest", {{"realm", R"(a "b" \c)"}, {"nonce", "n"}}}, kMufasa);
  ASSERT_TRUE(header);
  EXPECT_THAT(*header, HasSubstr(R"(realm="a \"b\" \\c")"));
}

TEST(HttpDigest, ReadsSeveralChallenges) {
  const auto all = parse_challenges(R"(Basic realm="a, b=\"c\"", Digest qop="auth" ,nonce = n, Negotiate)");
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].scheme, "basic");
  EXPECT_THAT(all[0].parameters, ElementsAre(Pair("realm", R"(a, b="c")")));
  EXPECT_EQ(all[1].scheme, "digest");
  EXPECT_THAT(all[1].parameters, ElementsAre(Pair("nonce", "n"), Pair("qop", "auth")));
  EXPECT_EQ(all[2].scheme, "negotiate");
}

TEST(HttpDigest, GarbageIsNoChallenge) {
  EXPECT_THAT(parse_challenges(""), IsEmpty());
  EXPECT_THAT(parse_challenges(",,, \t"), IsEmpty());
  EXPECT_THAT(parse_challenges("a=b"), IsEmpty());
  for (const char* text : {"Digest realm=\"open", "Digest =", "Digest \\", "=\"\"", "Digest a=\"\\"}) {
    for (const auto& challenge : parse_challenges(text)) EXPECT_FALSE(digest_authorization(challenge, kMufasa)) << text;
  }
}

}  // namespace
}  // namespace ipw::probes
