// Which chain is taken, and what an order's request says beside its names.
#include "keeper/chain_choice.h"

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using keeper::choose_chain;

namespace {

// A CA that two roots have signed, and what it offers.
struct CrossSigned {
  Party old_root = Party::self_signed({.subject = "Old Root", .ca = true});
  Party new_root = Party::self_signed({.subject = "New Root", .ca = true});
  Party by_old = old_root.issue({.subject = "Issuing CA", .ca = true});
  Party by_new =
      new_root.issue({.subject = "Issuing CA", .ca = true},
                     REQUIRE_OK(PrivateKey::from_der(REQUIRE_OK(by_old.key().der()).view())));

  std::vector<std::string> chains(const Wanted& wanted, PrivateKey key) const {
    const std::string leaf = by_old.issue(wanted, std::move(key)).der();
    return {chain_to_pem({leaf, by_old.der()}), chain_to_pem({leaf, by_new.der()})};
  }
};

std::string topmost(Bench& bench) {
  auto stored = REQUIRE_OK(bench.store().load_current(kSite));
  auto chain = REQUIRE_OK(chain_from_pem(stored.chain_pem));
  return REQUIRE_OK(inspect_certificate(chain.back())).issuer;
}

void install(Bench& bench, const CrossSigned& cross) {
  const std::string csr = bench.finalize();
  bench.granted(
      ipc::InstallChain{kSite, "ca", cross.chains(bench.leaf_for(kSite), Bench::key_of_csr(csr))});
}

}  // namespace

TEST(a_chain_is_chosen_by_who_issued_its_topmost_certificate) {
  CrossSigned cross;
  auto chains = cross.chains({.names = "DNS:a.example"}, new_key());
  CHECK_EQ(*choose_chain(chains, "Old Root").index, 0);
  CHECK_EQ(*choose_chain(chains, "New Root").index, 1);
  // With the root itself in it, too.
  chains.push_back(chain_to_pem({cross.by_new.der(), cross.new_root.der()}));
  CHECK_EQ(*choose_chain({chains[2]}, "New Root").index, 0);
  auto none = choose_chain(chains, "Issuing CA");
  CHECK(!none.index);
  CHECK_EQ(none.issuers,
           (std::vector<std::string>{"\"Old Root\"", "\"New Root\"", "\"New Root\""}));
}

TEST(a_chain_that_cannot_be_read_is_passed_over) {
  CrossSigned cross;
  auto chains = cross.chains({.names = "DNS:a.example"}, new_key());
  auto choice = choose_chain({"-----BEGIN CERTIFICATE-----\nx", "", chains[1]}, "New Root");
  CHECK_EQ(*choice.index, 2);
  CHECK_EQ(choice.issuers[0], "what cannot be read");
  CHECK(!choose_chain({}, "New Root").index);
}

TEST(the_preferred_chain_is_stored_and_served) {
  CrossSigned cross;
  Bench bench;
  bench.config.issuers[0].preferred_chain = "New Root";
  install(bench, cross);
  CHECK_EQ(topmost(bench), "New Root");
}

TEST(without_a_preference_the_default_chain_is_taken) {
  CrossSigned cross;
  Bench bench;
  install(bench, cross);
  CHECK_EQ(topmost(bench), "Old Root");
}

TEST(where_no_chain_is_the_preferred_one_the_default_is_taken_and_that_is_said_once) {
  CrossSigned cross;
  Bench bench;
  bench.config.issuers[0].preferred_chain = "Lost Root";
  install(bench, cross);
  CHECK_EQ(topmost(bench), "Old Root");
  install(bench, cross);
  CHECK_EQ(bench.log.count("the preferred chain \"Lost Root\" is not among those that the CA "
                           "offers, which were issued by \"Old Root\", \"New Root\": the CA's "
                           "default is used"),
           1);
}

TEST(a_preferred_chain_that_fails_its_checks_gives_way_to_the_default) {
  CrossSigned cross;
  Bench bench;
  bench.config.issuers[0].preferred_chain = "New Root";
  const std::string csr = bench.finalize();
  auto chains = cross.chains(bench.leaf_for(kSite), Bench::key_of_csr(csr));
  // Without its leaf.
  chains[1] = chain_to_pem({cross.by_new.der()});
  bench.granted(ipc::InstallChain{kSite, "ca", chains});
  CHECK_EQ(topmost(bench), "Old Root");
  CHECK_EQ(bench.log.count("the preferred chain \"New Root\" cannot be used"), 1);
}

// ---- names and profiles

TEST(an_address_is_ordered_as_one) {
  Bench bench;
  bench.config.certificates[0].names = {"192.0.2.1", "2001:db8::1", "site.example"};
  CHECK_EQ(Signed(bench.ask_for_order()).payload,
           R"({"identifiers":[{"type":"ip","value":"192.0.2.1"},)"
           R"({"type":"ip","value":"2001:db8::1"},{"type":"dns","value":"site.example"}]})");
}

TEST(an_address_is_asked_for_and_checked_as_one) {
  Bench bench;
  bench.config.certificates[0].names = {"192.0.2.1", "2001:db8::1"};
  const std::string csr = bench.finalize();
  CHECK(csr.find("192.0.2.1") == std::string::npos);
  CHECK(csr.find(std::string("\x87\x04\xc0\x00\x02\x01", 6)) != std::string::npos);
  // The same digits as a DNS name are not what was asked for.
  ipc::Reply wrong = bench.ask(ipc::InstallChain{
      kSite, "ca", {bench.issue(csr, Wanted{.names = "DNS:192.0.2.1,IP:2001:DB8::1"})}});
  CHECK_CONTAINS(wrong.text, "missing: 192.0.2.1; not asked for: DNS:192.0.2.1");
  bench.granted(ipc::InstallChain{
      kSite, "ca", {bench.issue(csr, Wanted{.names = "IP:192.0.2.1,IP:2001:DB8::1"})}});
}

TEST(the_agent_chooses_between_the_configured_profile_and_none) {
  Bench bench;
  bench.config.issuers[0].profile = "tlsserver";
  bench.register_account();
  ipc::SignNewOrder order{kSite, "ca", kCa + "/new-order", kNonce, "tlsserver"};
  CHECK_CONTAINS(Signed(bench.granted(order)).payload, R"("profile":"tlsserver")");
  order.profile.clear();
  CHECK(Signed(bench.granted(order)).payload.find("profile") == std::string::npos);
  order.profile = "shortlived";
  CHECK_CONTAINS(bench.ask(order).text, "\"shortlived\" is not the one that is configured");
}

TEST(a_required_profile_is_not_left_out) {
  Bench bench;
  bench.config.issuers[0].profile = "tlsserver";
  bench.config.issuers[0].profile_required = true;
  bench.register_account();
  CHECK(!bench.ask(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce}).ok);
  bench.granted(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce, "tlsserver"});
}

TEST(a_common_name_stands_in_the_request_only_where_the_issuer_wants_one) {
  for (bool wanted : {false, true}) {
    Bench bench;
    bench.config.issuers[0].common_name_in_csr = wanted;
    bench.config.certificates[0].common_name = "www.site.example";
    const std::string der = bench.finalize();
    auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ossl::Request csr(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(csr.get()), NID_commonName, name,
                              sizeof name);
    CHECK_EQ(std::string(name), wanted ? "www.site.example" : "");
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
