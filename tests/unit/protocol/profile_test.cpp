// What an order asks for beside its names; and names that are addresses.
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;

namespace {

Directory listing(std::vector<std::string> profiles) {
  Directory out = directory();
  out.profiles = std::move(profiles);
  return out;
}

OrderSettings wanting(const std::string& profile, bool required) {
  OrderSettings settings;
  settings.names = {"a.example"};
  settings.challenges = {ChallengeType::http01};
  settings.profile = {profile, required};
  return settings;
}

}  // namespace

TEST(a_profile_that_the_directory_lists_is_asked_for) {
  Order order(wanting("tlsserver", true), listing({"classic", "tlsserver"}));
  CHECK_EQ(only<Post>(order.begin()).what, Post::What::new_order);
  CHECK_EQ(order.profile(), "tlsserver");
  CHECK_EQ(order.missing_profile(), "");
}

TEST(a_profile_that_is_not_listed_is_never_asked_for) {
  Order order(wanting("tlsserver", false), listing({"classic", "short\nlived"}));
  CHECK_EQ(only<Post>(order.begin()).what, Post::What::new_order);
  CHECK_EQ(order.profile(), "");
  CHECK_EQ(order.missing_profile(),
           "the CA does not offer the profile \"tlsserver\"; it offers classic, short\\x0alived");
}

TEST(a_required_profile_that_is_not_listed_fails_the_order_before_it_is_made) {
  Order order(wanting("tlsserver", true), listing({}));
  auto wishes = order.begin();
  CHECK_EQ(wishes.size(), 1);
  Failure failure = only<Failure>(wishes);
  CHECK_EQ(failure.kind, Failure::Kind::refused);
  CHECK_EQ(failure.words,
           "the CA does not offer the profile \"tlsserver\", nor any other, and it is required");
  CHECK(!failure.order_kept && !failure.order_gone);
}

TEST(an_order_that_is_resumed_has_its_profile) {
  Order order(wanting("tlsserver", true), listing({}), kOrderUrl);
  CHECK_EQ(only<Post>(order.begin()).what, Post::What::fetch);
}

TEST(no_profile_is_wanted_and_none_is_missed) {
  Order order(wanting("", false), listing({"classic"}));
  CHECK_EQ(order.profile(), "");
  CHECK_EQ(order.missing_profile(), "");
}

// RFC 8738: the value is the address; how it is written is the CA's.
TEST(an_address_is_known_however_the_ca_writes_it) {
  Bench ca({"192.0.2.1", "2001:db8::1"});
  ca.answer_with(created("pending", {"2001:0DB8:0:0:0:0:0:1", "192.0.2.1"}));
  ca.answer_all(
      {authorization(0, "2001:DB8::1", "pending"), authorization(1, "192.0.2.1", "pending")});
  Present present = only<Present>(ca.wishes);
  CHECK_EQ(present.challenges.at(0).identifier, "2001:db8::1");
  CHECK_EQ(present.challenges.at(1).identifier, "192.0.2.1");
}

TEST(another_address_is_not_the_one_that_was_ordered) {
  Bench ca({"192.0.2.1"});
  ca.answer_with(created("pending", {"192.0.2.2"}));
  CHECK_CONTAINS(ca.failure().words, "192.0.2.2");
}

TEST(alternate_chains_are_fetched_where_one_is_preferred) {
  const Headers links = {{"Link", "</cert/1/alt/1>;rel=\"alternate\""},
                         {"Link", "<https://elsewhere.example/2>;rel=\"alternate\""},
                         {"Link", "<https://ca.example/cert/1/alt/3>;rel=\"alternate\""}};
  const Answer chain = answer(200, kPem, links, kCertificateUrl);
  Bench plain({"a.example"});
  plain.to_download().answer_with(chain);
  CHECK_EQ(only<Install>(plain.wishes).chains.size(), 1);

  Bench ca({"a.example"}, {}, {ChallengeType::http01}, true);
  ca.to_download().answer_with(chain);
  CHECK_EQ(urls(ca.wishes),
           (std::vector<std::string>{kCa + "/cert/1/alt/1", kCa + "/cert/1/alt/3"}));
  // One that does not come is no reason to do without the certificate.
  ca.answer_all({answer(200, kPem + kPem), answer(500, "no")});
  CHECK_EQ(only<Install>(ca.wishes).chains, (std::vector<std::string>{kPem, kPem + kPem}));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
