// Challenges in DNS, as the keeper sees them: which records are wanted, the journal of those that
// may stand, the providers' secrets, and the records of dns-persist-01.
#include "keeper/dns_persist.h"
#include "unit/keeper/requests_dns.h"

using namespace acme;
using namespace acme::test;

namespace {

ipc::WantedDnsRecords wanted_by(const std::string& reply) {
  return REQUIRE_OK(decode<ipc::WantedDnsRecords>(reply));
}

TEST(a_challenge_in_dns_wants_the_digest_of_its_key_authorization) {
  Bench bench;
  const auto wanted = wanted_by(present_in_dns(bench));
  CHECK_EQ(wanted.records.size(), 1);
  CHECK_EQ(wanted.records[0].identifier, "wild.example");
  CHECK_EQ(wanted.records[0].name, "_acme-challenge.wild.example");
  CHECK_EQ(wanted.records[0].value, dns_value(bench));
  CHECK_EQ(wanted.records[0].value.size(), 43);
  CHECK(wanted.records[0].key_authorization.starts_with(kToken + "."));
  // Nothing of it is for workers.
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
  bench.granted(ipc::SignChallenge{kWild, "second", kSecond + "/chall/1", kNonce});
}

// The label of draft-ietf-acme-dns-account-label-00's own example.
TEST(dns_account_01_has_a_label_of_the_accounts_own) {
  const Sha256 digest = sha256("https://example.com/acme/acct/ExampleAccount");
  CHECK_EQ(base32_encode(std::span(digest).first(10)), "ujmmovf2vn55tgye");
  Bench bench;
  const auto wanted = wanted_by(present_in_dns(bench, ChallengeType::dnsaccount01));
  const Sha256 own = sha256(kSecond + "/acct/1");
  CHECK_EQ(wanted.records.at(0).name,
           "_" + base32_encode(std::span(own).first(10)) + "._acme-challenge.wild.example");
}

TEST(types_are_mixed_and_only_those_of_dns_want_records) {
  Bench bench;
  bench.config.certificates[2].names = {"*.wild.example", "wild.example"};
  bench.restart();
  bench.register_account("second");
  bench.granted(ipc::SignNewOrder{kWild, "second", kSecond + "/new-order", kNonce});
  bench.granted(ipc::OrderCreated{kWild, "second", kSecond + "/order/1", kSecond + "/finalize/1"});
  const auto wanted = wanted_by(bench.granted(
      ipc::PresentChallenges{kWild,
                             "second",
                             {{"wild.example", kToken, ChallengeType::dns01},
                              {"wild.example", kOtherToken, ChallengeType::http01}}}));
  CHECK_EQ(wanted.records.size(), 1);
  CHECK_EQ(wanted.records[0].value, dns_value(bench));
  REQUIRE_OK(bench.board.key_authorization(kOtherToken));
  bench.reload();
  REQUIRE_OK(bench.board.key_authorization(kOtherToken));
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
}

TEST(the_journal_outlives_the_order_and_the_keeper) {
  Bench bench;
  plan_in_dns(bench);
  const DnsRecord record = dns_record(bench);
  bench.granted(ipc::NoteDnsRecord{record.name, record.value, "17"});
  bench.granted(ipc::PlanDnsRecords{{record}});  // by the next agent: stays as it is
  bench.granted(ipc::GiveUpOrder{kWild});
  bench.reload();
  const auto& all = bench.certificates().dns().all();
  CHECK_EQ(all.size(), 1);
  CHECK_EQ(all[0].id, "17");
  CHECK_EQ(all[0].since, bench.env.now());
  CHECK(all[0].lineage == kWild);
  CHECK_EQ(all[0].zone, "wild.example");
  // Of the keeper's own knowledge: lego's raw mode needs it to remove the record, too.
  CHECK_EQ(base64url_encode(sha256(all[0].key_authorization)), record.value);
  // It takes the settings to remove it.
  bench.granted(ipc::ReadDnsSettings{"second", 0});
  bench.granted(ipc::ForgetDnsRecord{record.name, record.value});
  CHECK(!bench.ask(ipc::ReadDnsSettings{"second", 0}).ok);
  bench.reload();
  CHECK(bench.certificates().dns().all().empty());
}

TEST(secrets_are_read_when_they_are_asked_for_and_lie_nowhere_in_the_store) {
  Bench bench;
  present_in_dns(bench);
  const auto secret = [&] {
    auto settings =
        REQUIRE_OK(decode<ipc::DnsSettings>(bench.granted(ipc::ReadDnsSettings{"second", 0})));
    for (const auto& one : settings.settings)
      if (one.key == "TOKEN") return std::string(one.value.view());
    throw Failure("no token");
  };
  CHECK_EQ(secret(), "sesame-1");
  write_text(bench.folder / "dns.token", "sesame-2\n");
  CHECK_EQ(secret(), "sesame-2");
  std::filesystem::remove(bench.folder / "dns.token");
  ipc::Reply reply = bench.ask(ipc::ReadDnsSettings{"second", 0});
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "token");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bench.folder / "store"))
    if (entry.is_regular_file())
      CHECK_EQ(contents_of(entry.path()).find("sesame"), std::string::npos);
}

TEST(a_name_that_a_wildcard_covers_leads_to_its_certificate) {
  Bench bench;
  CHECK((bench.certificates().lineages_of("WWW.wild.example") == std::vector{kWild}));
  CHECK(bench.certificates().lineages_of("a.b.wild.example").empty());
  CHECK(bench.certificates().lineages_of("example").empty());
}

TEST(a_damaged_journal_is_told_and_holds_nothing_up) {
  Bench bench;
  plan_in_dns(bench);
  write_text(bench.folder / "store/dns_records.json", R"({"records": [{"name": "x"}]})");
  bench.restart();
  CHECK(bench.certificates().dns().all().empty());
  CHECK_EQ(bench.log.count("may have to be deleted by hand"), 1);
}

// ---- dns-persist-01

TEST(a_persistent_challenge_has_no_token_and_tells_whose_name_counts) {
  Bench bench;
  bench.register_account("second");
  bench.granted(ipc::SignNewOrder{kWild, "second", kSecond + "/new-order", kNonce});
  bench.granted(ipc::OrderCreated{kWild, "second", kSecond + "/order/1", kSecond + "/finalize/1"});
  const auto wanted = wanted_by(bench.granted(ipc::PresentChallenges{
      kWild, "second", {{"wild.example", "", ChallengeType::dnspersist01, {"second.example"}}}}));
  CHECK_EQ(wanted.records.size(), 1);
  CHECK(wanted.records[0].persistent);
  CHECK_EQ(wanted.records[0].name, "_validation-persist.wild.example");
  CHECK_EQ(wanted.records[0].value,
           "second.example; accounturi=" + kSecond + "/acct/1; policy=wildcard");
  bench.granted(ipc::SignChallenge{kWild, "second", kSecond + "/chall/1", kNonce});
  CHECK_EQ(REQUIRE_OK(keeper::persistent_records(bench.config, bench.accounts(),
                                                 bench.certificates(), "wild")),
           "_validation-persist.wild.example. IN TXT \"second.example; accounturi=" + kSecond +
               "/acct/1; policy=wildcard\"\n");
  bench.restart();
  REQUIRE_OK(keeper::persistent_records(bench.config, bench.accounts(), bench.certificates(),
                                        "*.wild.example"));
}

TEST(what_is_missing_for_a_persistent_record_is_said) {
  Bench bench;
  const auto why = [&](const std::string& name) {
    auto text =
        keeper::persistent_records(bench.config, bench.accounts(), bench.certificates(), name);
    CHECK(!text);
    return text.error().message;
  };
  CHECK_CONTAINS(why("stranger"), "no certificate is called stranger");
  CHECK_CONTAINS(why("site"), "no issuer of site has dns-persist-01");
  CHECK_CONTAINS(why("wild"), "there is no account at second yet");
  bench.register_account("second");
  CHECK_CONTAINS(why("wild"), "second has not named its domain yet");
  bench.granted(ipc::DirectoryRead{"second", {kSecond + "/x"}, "", {"second.example"}});
  REQUIRE_OK(
      keeper::persistent_records(bench.config, bench.accounts(), bench.certificates(), "wild"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
