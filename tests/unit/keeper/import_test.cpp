// What another client left is checked like what a CA sends, finds its place, and
// is stored, served and renewed like our own.
#include "keeper/import.h"

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kForeignAccount = kCa + "/acct/77";

// A certificate as another client has it.
ipc::ForeignCertificate certificate(const Bench& bench, Wanted wanted,
                                    KeyType type = KeyType::ecdsa256) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
  Secret pem = REQUIRE_OK(key.pem());
  std::string chain = chain_to_pem({bench.ca.issue(wanted, std::move(key)).der(), bench.ca.der()});
  return {"old", kCa + "/dir", {}, std::move(chain), std::move(pem)};
}
ipc::ForeignCertificate for_site(const Bench& bench) {
  return certificate(bench, bench.leaf_for(kSite));
}

class Taken {
 public:
  Taken(Bench& bench, ipc::ForeignCertificate certificate, bool dry_run = false) {
    ipc::Import found;
    found.dry_run = dry_run;
    found.certificates.push_back(std::move(certificate));
    take(bench, found);
  }
  Taken(Bench& bench, ipc::ForeignAccount account, bool dry_run = false) {
    ipc::Import found;
    found.dry_run = dry_run;
    found.accounts.push_back(std::move(account));
    take(bench, found);
  }
  std::string operator[](const char* what) const { return rows.front()[what].text_or(""); }
  std::vector<Json> rows;

 private:
  void take(Bench& bench, const ipc::Import& found) {
    rows = keeper::take_over(bench.env, bench.config, bench.accounts(), bench.certificates(), found)
               .items();
    CHECK(!rows.empty());
  }
};

std::string served(const Bench& bench, std::uint32_t slot) {
  auto copy = bench.board.certificate(slot);
  if (!copy) return "";
  Bundle bundle = REQUIRE_OK(decode_bundle(copy->bytes.span()));
  return REQUIRE_OK(inspect_certificate(bundle.chain.front())).serial;
}

ipc::ForeignAccount account() {
  return {kCa + "/dir", kForeignAccount, REQUIRE_OK(new_key().pem())};
}

}  // namespace

TEST(a_certificate_with_just_these_names_is_stored_served_and_current) {
  Bench bench;
  Taken taken(bench, for_site(bench));
  CHECK_EQ(taken["result"], "taken");
  CHECK_EQ(taken["into"], "site/ecdsa-256");
  CHECK_EQ(taken["words"], "");
  CHECK_EQ(served(bench, 0), "1234");
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
  bench.restart();
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
  CHECK_EQ(bench.managed(kSite).stored->issuer, "ca");
  CHECK_EQ(REQUIRE_OK(bench.store().load_history(kSite)).at(0).event, "imported");
  CHECK_EQ(Taken(bench, for_site(bench))["result"], "there already");  // of the same serial
}

TEST(a_dry_run_changes_nothing) {
  Bench bench;
  CHECK_EQ(Taken(bench, for_site(bench), true)["result"], "would be taken");
  CHECK_EQ(Taken(bench, account(), true)["result"], "would be taken");
  CHECK_EQ(served(bench, 0), "");
  CHECK(!bench.managed(kSite).stored);
  REQUIRE_ERROR(bench.store().load_current(kSite), Errc::not_found);
  REQUIRE_ERROR(bench.store().load_account_key("ca"), Errc::not_found);
}

TEST(a_certificate_that_covers_serves_until_its_own_is_there) {
  Bench bench;
  Wanted wanted;
  wanted.names = "DNS:*.site.example,DNS:site.example";
  Taken taken(bench, certificate(bench, wanted));
  CHECK_EQ(taken["into"], "site/ecdsa-256");
  CHECK_EQ(taken["words"], "serves until its own is there");
  CHECK_EQ(served(bench, 0), "1234");
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(a_certificate_of_another_ca_serves_until_its_own_is_there) {
  Bench bench;
  ipc::ForeignCertificate foreign = for_site(bench);
  foreign.directory_url = "https://other.example/dir";
  CHECK_CONTAINS(Taken(bench, std::move(foreign))["words"], "another issuer");
  CHECK_EQ(served(bench, 0), "1234");
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(without_a_directory_the_account_says_the_ca) {
  Bench bench;
  ipc::ForeignCertificate foreign = for_site(bench);
  foreign.directory_url.clear();
  foreign.account_url = kForeignAccount;
  CHECK_EQ(Taken(bench, std::move(foreign))["words"], "");
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(what_is_stored_and_lasts_longer_stays) {
  Bench bench;
  bench.install();
  Wanted wanted = bench.leaf_for(kSite);
  wanted.to -= kDay;
  wanted.serial = "5678";
  Taken taken(bench, certificate(bench, wanted));
  CHECK_EQ(taken["result"], "not taken");
  CHECK_CONTAINS(taken["words"], "lasts longer");
  CHECK_EQ(served(bench, 0), "1234");
}

TEST(every_check_that_a_cas_own_chain_passes_is_made) {
  struct Row {
    const char* why;
    std::function<void(Bench&, ipc::ForeignCertificate&)> spoil;
  };
  const Row rows[] = {
      {"key", [](Bench&, auto& c) { c.key_pem = REQUIRE_OK(new_key().pem()); }},
      {"private key", [](Bench&, auto& c) { c.key_pem = Secret("no key"); }},
      {"", [](Bench&, auto& c) { c.chain_pem = "no chain"; }},
      {"expired",
       [](Bench& bench, auto& c) {
         Wanted wanted = bench.leaf_for(kSite);
         wanted.to = kNow - 1;
         c = certificate(bench, wanted);
       }},
      {"names", [](Bench& bench, auto& c) { c = certificate(bench, {.subject = "site.example"}); }},
      {"",
       [](Bench&, auto& c) {  // the wrong way round
         auto chain = REQUIRE_OK(chain_from_pem(c.chain_pem));
         c.chain_pem = chain_to_pem({chain[1], chain[0]});
       }},
  };
  for (const Row& row : rows) {
    Bench bench;
    ipc::ForeignCertificate foreign = for_site(bench);
    row.spoil(bench, foreign);
    Taken taken(bench, std::move(foreign));
    CHECK_EQ(taken["result"], "not taken");
    CHECK_CONTAINS(taken["words"], row.why);
    CHECK(!bench.managed(kSite).stored);
  }
}

TEST(what_is_not_configured_is_said) {
  Bench bench;
  Wanted wanted;
  wanted.names = "DNS:stranger.example";
  CHECK_EQ(Taken(bench, certificate(bench, wanted))["words"],
           "no certificate is configured for stranger.example");
  Taken other(bench, certificate(bench, bench.leaf_for(kSite), KeyType::rsa2048));
  CHECK_EQ(other["result"], "not taken");
  CHECK_CONTAINS(other["words"], "its key is rsa:2048");
}

TEST(a_certificate_that_cannot_be_stored_is_not_taken) {
  Bench bench;
  ipc::ForeignCertificate foreign = for_site(bench);
  bench.env.writes_before_failure = 0;
  Taken taken(bench, std::move(foreign));
  CHECK_EQ(taken["result"], "not taken");
  CHECK_CONTAINS(taken["words"], "No space left on device");
  CHECK_EQ(served(bench, 0), "");
}

TEST(an_account_is_used_from_now_on) {
  Bench bench;
  Taken taken(bench, account());
  CHECK_EQ(taken["result"], "taken");
  CHECK_EQ(taken["into"], "ca");
  CHECK_EQ(bench.accounts().account_url("ca"), kForeignAccount);
  Signed order(bench.ask_for_order());
  CHECK_EQ(order.header["kid"].text_or(""), kForeignAccount);
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kForeignAccount);
}

TEST(an_account_that_is_there_is_not_replaced) {
  Bench bench;
  bench.register_account();
  Taken taken(bench, account());
  CHECK_EQ(taken["result"], "not taken");
  CHECK_CONTAINS(taken["words"], kAccountUrl);
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
}

TEST(a_key_that_no_ca_knows_gives_way) {
  Bench bench;
  bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  CHECK_EQ(Taken(bench, account())["result"], "taken");
  CHECK_EQ(bench.accounts().account_url("ca"), kForeignAccount);
}

TEST(an_account_of_no_configured_issuer_is_said) {
  Bench bench;
  ipc::ForeignAccount foreign = account();
  foreign.directory_url = "https://other.example/dir";
  Taken taken(bench, std::move(foreign));
  CHECK_EQ(taken["result"], "not taken");
  CHECK_CONTAINS(taken["words"], "no issuer is configured for https://other.example/dir");
}

TEST(what_is_imported_before_the_first_start_waits_for_it) {
  Bench bench;
  ipc::Import found;
  found.accounts.push_back(account());
  found.certificates.push_back(for_site(bench));
  Json rows = REQUIRE_OK(keeper::keep_for_later(bench.env, &bench.store(), found));
  CHECK_EQ(rows.items().size(), 2);
  CHECK_EQ(rows.items()[1]["result"].text_or(""), "taken at the start");
  CHECK(!bench.managed(kSite).stored);
  keeper::take_what_was_kept(bench.env, bench.log, bench.config, bench.store(), bench.accounts(),
                             bench.certificates());
  CHECK_EQ(served(bench, 0), "1234");
  CHECK_EQ(bench.accounts().account_url("ca"), kForeignAccount);
  CHECK_EQ(bench.log.count("import: certificate old: taken as site/ecdsa-256"), 1);
  REQUIRE_ERROR(bench.store().load_import(), Errc::not_found);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
