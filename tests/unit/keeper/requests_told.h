// The requests that tell the keeper something.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

inline Row directory_read() {
  Row row;
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          at_once(ipc::DirectoryRead{"nobody", {kCa}})});
  row.refusals.push_back({"a plain http URL", "https URL",
                          at_once(ipc::DirectoryRead{"ca", {kCa, "http://ca.example/"}})});
  row.refusals.push_back({"any number of URLs", "too many",
                          at_once(ipc::DirectoryRead{"ca", std::vector<std::string>(65, kCa)})});
  row.granted = at_once(ipc::DirectoryRead{"ca", {kCa + "/a", "https://api.example/b"}});
  return row;
}

inline Row account_created() {
  Row row;
  const auto signed_up = [](Bench& bench) {
    bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  };
  row.refusals.push_back(
      {"none was asked for", "was asked for", at_once(ipc::AccountCreated{"ca", kAccountUrl, ""})});
  row.refusals.push_back({"another one was asked for", "no account was asked for",
                          after(signed_up, ipc::AccountCreated{"second", kAccountUrl, ""})});
  row.refusals.push_back({"the account is there", "no account was asked for",
                          after(kAccount, ipc::AccountCreated{"ca", kCa + "/acct/2", ""})});
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          after(signed_up, ipc::AccountCreated{"nobody", kAccountUrl, ""})});
  row.refusals.push_back({"a plain http URL", "https URL",
                          after(signed_up, ipc::AccountCreated{"ca", "http://ca.example/1", ""})});
  row.granted = after(signed_up, ipc::AccountCreated{"ca", kAccountUrl, kCa + "/terms"});
  return row;
}

inline Row account_lost() {
  Row row;
  row.refusals.push_back({"no account", "there is no account", at_once(ipc::AccountLost{"ca"})});
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          after(kAccount, ipc::AccountLost{"nobody"})});
  row.refusals.push_back({"it was lost a moment ago", "only just new", [](Bench& bench) {
                            bench.register_account();
                            bench.granted(ipc::AccountLost{"ca"});
                            bench.register_account();
                            bench.env.pass(59);
                            return Bench::frame(ipc::AccountLost{"ca"});
                          }});
  row.granted = after(kAccount, ipc::AccountLost{"ca"});
  return row;
}

inline Row hold_issuer() {
  Row row;
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          after(kAccount, ipc::HoldIssuer{"nobody", 1})});
  row.granted = at_once(ipc::HoldIssuer{"ca", 1});
  return row;
}

inline Row order_created() {
  Row row;
  ipc::OrderCreated right{kSite, "ca", kOrderUrl, kFinalizeUrl};
  row.refusals.push_back({"none was asked for", "was asked for", after(kAccount, right)});
  row.refusals.push_back(
      {"asked for at another CA", "no order was asked for",
       after(kAsked, ipc::OrderCreated{kSite, "second", kOrderUrl, kFinalizeUrl})});
  row.refusals.push_back(
      {"another order is under way", "another order is under way",
       after(kOrdered, ipc::OrderCreated{kSite, "ca", kCa + "/order/2", kFinalizeUrl})});
  row.refusals.push_back(
      {"a plain http order", "not https",
       after(kAsked, ipc::OrderCreated{kSite, "ca", "http://ca.example/1", kFinalizeUrl})});
  row.refusals.push_back(
      {"a plain http finalize URL", "not https",
       after(kAsked, ipc::OrderCreated{kSite, "ca", kOrderUrl, "http://ca.example/1"})});
  row.refusals.push_back({"it cannot be journalled", "No space left", [right](Bench& bench) {
                            bench.ask_for_order();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::OrderCreated{lineage, "ca", kOrderUrl, kFinalizeUrl};
  });
  row.granted = after(kAsked, right);
  return row;
}

inline Row present_challenges() {
  Row row;
  const auto challenges = [](std::vector<ipc::PresentedChallenge> list) {
    return ipc::PresentChallenges{kSite, "ca", std::move(list)};
  };
  ipc::PresentChallenges right = challenges({{"site.example", kToken}});
  row.refusals.push_back({"no order", "no order of site is under way", after(kAccount, right)});
  row.refusals.push_back(
      {"an order without an answer", "no order of site is under way", after(kAsked, right)});
  row.refusals.push_back(
      {"another CA's order", "no order of site is under way at second",
       after(kOrdered, ipc::PresentChallenges{kSite, "second", right.challenges})});
  for (std::string name : {"evil.example", "a.site.example", ""})
    row.refusals.push_back({"the name \"" + name + "\"", "is no name of site",
                            after(kOrdered, challenges({{name, kToken}}))});
  for (std::string token :
       {std::string(), std::string(21, 'a'), std::string(257, 'a'), kToken + ".x", kToken + "/",
        "../" + kToken, kToken + "=", kToken + "\n", kToken + std::string(1, '\0')})
    row.refusals.push_back({"the token " + token, "the CA's token",
                            after(kOrdered, challenges({{"site.example", token}}))});
  row.refusals.push_back(
      {"no challenge", "0 challenges for 2 names", after(kOrdered, challenges({}))});
  row.refusals.push_back(
      {"more challenges than names", "3 challenges for 2 names",
       after(kOrdered, challenges(std::vector<ipc::PresentedChallenge>(
                           3, ipc::PresentedChallenge{"site.example", kToken})))});
  for (ChallengeType type : {ChallengeType::dns01, static_cast<ChallengeType>(200)})
    row.refusals.push_back({"a type of challenge that is not configured",
                            "is not configured for ca",
                            after(kOrdered, challenges({{"site.example", kToken, type}}))});
  row.refusals.push_back(
      {"tls-alpn-01 for a name that another order proves so", "site/ecdsa-256, is pending",
       [](Bench& bench) {
         bench.present_alpn(kSite);
         ipc::OrderCreated twin{kTwin, "ca", kCa + "/order/2", kCa + "/order/2/finalize"};
         bench.granted(ipc::SignNewOrder{kTwin, "ca", kCa + "/new-order", kNonce});
         bench.granted(twin);
         return Bench::frame(ipc::PresentChallenges{
             kTwin, "ca", {{"site.example", kOtherToken, ChallengeType::tlsalpn01}}});
       }});
  row.refusals.push_back({"it cannot be journalled", "No space left", [right](Bench& bench) {
                            bench.create_order();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::PresentChallenges{lineage, "ca", right.challenges};
  });
  row.granted = after(kOrdered, right);
  return row;
}

// A chain for the order's key, made wrong by `spoil`.
inline Ask chain(std::function<std::string(Bench&, const std::string& csr)> make) {
  return [make](Bench& bench) {
    std::string csr = bench.finalize();
    return Bench::frame(ipc::InstallChain{kSite, "ca", {make(bench, csr)}});
  };
}
inline Ask leaf(std::function<void(Wanted&)> spoil) {
  return chain([spoil](Bench& bench, const std::string& csr) {
    Wanted wanted = bench.leaf_for(kSite);
    spoil(wanted);
    return bench.issue(csr, wanted);
  });
}

inline Row install_chain() {
  Row row;
  const auto some_chain = [](Bench& bench) {
    return chain_to_pem({bench.ca.issue(bench.leaf_for(kSite)).der(), bench.ca.der()});
  };
  row.refusals.push_back(
      {"no order", "no order of site is under way", [some_chain](Bench& bench) {
         bench.register_account();
         return Bench::frame(ipc::InstallChain{kSite, "ca", {some_chain(bench)}});
       }});
  row.refusals.push_back(
      {"not finalized", "not finalized", [some_chain](Bench& bench) {
         bench.present();
         return Bench::frame(ipc::InstallChain{kSite, "ca", {some_chain(bench)}});
       }});
  row.refusals.push_back(
      {"another CA's order", "no order of site is under way at second", [](Bench& bench) {
         std::string right = bench.issue(bench.finalize());
         return Bench::frame(ipc::InstallChain{kSite, "second", {right}});
       }});
  row.refusals.push_back(
      {"no chain", "no certificate", after(kFinalized, ipc::InstallChain{kSite, "ca", {}})});
  row.refusals.push_back(
      {"an empty chain", "empty", after(kFinalized, ipc::InstallChain{kSite, "ca", {""}})});
  row.refusals.push_back(
      {"garbage", "damaged PEM",
       after(kFinalized, ipc::InstallChain{kSite, "ca", {"-----BEGIN nothing"}})});
  row.refusals.push_back(
      {"a chain of over 128 KiB", "over 128 KiB", chain([](Bench& bench, const std::string& csr) {
         return bench.issue(csr) + std::string(129 * 1024, '\n');
       })});
  row.refusals.push_back(
      {"a chain for another key", "for another key",
       chain([some_chain](Bench& bench, const std::string&) { return some_chain(bench); })});
  row.refusals.push_back({"a chain with a private key in it", "PRIVATE KEY",
                          chain([](Bench& bench, const std::string& csr) {
                            Secret key = REQUIRE_OK(new_key().pem());
                            return bench.issue(csr) + std::string(key.view());
                          })});
  row.refusals.push_back({"a link that was not signed by the next", "not signed by the next",
                          chain([](Bench& bench, const std::string& csr) {
                            Party leaf =
                                bench.ca.issue(bench.leaf_for(kSite), Bench::key_of_csr(csr));
                            return chain_to_pem({leaf.forged_der(), bench.ca.der()});
                          })});
  row.refusals.push_back({"a name too few", "missing: www.site.example",
                          leaf([](Wanted& wanted) { wanted.names = "DNS:site.example"; })});
  row.refusals.push_back({"a name too many", "not asked for: evil.example",
                          leaf([](Wanted& wanted) { wanted.names += ",DNS:evil.example"; })});
  row.refusals.push_back(
      {"expired", "expired on", leaf([](Wanted& wanted) { wanted.to = kNow - 1; })});
  row.refusals.push_back({"not valid before tomorrow", "not valid before",
                          leaf([](Wanted& wanted) { wanted.from = kNow + kDay; })});
  row.refusals.push_back(
      {"a serial number without end", "serial number is too long",
       leaf([](Wanted& wanted) { wanted.serial = "7" + std::string(2000, 'f'); })});
  row.refusals.push_back({"it cannot be stored", "No space left", [](Bench& bench) {
                            std::string right = bench.issue(bench.finalize());
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(ipc::InstallChain{kSite, "ca", {right}});
                          }});
  add_lineages(row, [](const Lineage& lineage) { return ipc::InstallChain{lineage, "ca", {"x"}}; });
  row.granted = chain([](Bench& bench, const std::string& csr) { return bench.issue(csr); });
  return row;
}

inline Row give_up_order() {
  Row row;
  add_lineages(row, [](const Lineage& lineage) { return ipc::GiveUpOrder{lineage}; });
  row.granted = after(kPresented, ipc::GiveUpOrder{kSite});
  return row;
}

inline Row save_schedule() {
  Row row;
  add_lineages(row, [](const Lineage& lineage) { return ipc::SaveSchedule{lineage, {}}; });
  row.granted = at_once(ipc::SaveSchedule{kSite, {}});
  return row;
}

inline Row save_limits() {
  Row row;
  row.refusals.push_back(
      {"an unknown issuer", "nobody is not configured", at_once(ipc::SaveLimits{"nobody", {}})});
  row.granted = at_once(ipc::SaveLimits{"ca", {}});
  return row;
}

inline Row issuer_progress() {
  return {{}, at_once(ipc::IssuerProgress{"ca", "3 orders wait"}), false};
}

inline Row log_line() {
  return {{}, at_once(ipc::LogLine{6, "a line"}), false};
}

inline Row clock_state() {
  return {{}, at_once(ipc::ClockState{"ca", 7200}), false};
}

inline Row progress() {
  return {{}, at_once(ipc::Progress{kSite, "ordering"}), false};
}

}  // namespace acme::test
