// The requests that are answered with a signed body.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

inline Row sign_new_account() {
  Row row;
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          at_once(ipc::SignNewAccount{"nobody", kCa + "/new-account", kNonce})});
  add_targets(
      row, [](Bench&) {},
      [](const std::string& url, const std::string& nonce) {
        return ipc::SignNewAccount{"ca", url, nonce};
      });
  row.granted = at_once(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  return row;
}

inline Row sign_fetch() {
  Row row;
  row.refusals.push_back(
      {"no account", "there is no account", at_once(ipc::SignFetch{"ca", kCa + "/x", kNonce})});
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          after(kAccount, ipc::SignFetch{"nobody", kCa + "/x", kNonce})});
  row.refusals.push_back({"an account at another CA", "there is no account at second",
                          after(kAccount, ipc::SignFetch{"second", kCa + "/x", kNonce})});
  add_targets(row, kAccount, [](const std::string& url, const std::string& nonce) {
    return ipc::SignFetch{"ca", url, nonce};
  });
  row.granted = after(kAccount, ipc::SignFetch{"ca", kCa + "/x", kNonce});
  return row;
}

inline Row sign_new_order() {
  Row row;
  ipc::SignNewOrder right{kSite, "ca", kCa + "/new-order", kNonce};
  row.refusals.push_back({"no account", "there is no account", at_once(right)});
  row.refusals.push_back(
      {"an order is under way", "an order is under way", after(kOrdered, right)});
  row.refusals.push_back({"an unknown issuer", "nobody is not configured",
                          after(kAccount, ipc::SignNewOrder{kSite, "nobody", right.url, kNonce})});
  row.refusals.push_back({"an issuer of other certificates",
                          "issuer second is not configured for site", [](Bench& bench) {
                            bench.register_account("second");
                            return Bench::frame(ipc::SignNewOrder{
                                kSite, "second", "https://second.example/new-order", kNonce});
                          }});
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"site.example"}, {"evil.example"}})
    row.refusals.push_back(
        {"other names than all of the certificate's", "other names",
         after(kAccount, ipc::SignNewOrder{kSite, "ca", right.url, kNonce, "", false, names})});
  row.refusals.push_back({"a full disk", "No space left", [right](Bench& bench) {
                            bench.register_account();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_targets(row, kAccount, [](const std::string& url, const std::string& nonce) {
    return ipc::SignNewOrder{kSite, "ca", url, nonce};
  });
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::SignNewOrder{lineage, "ca", kCa + "/new-order", kNonce};
  });
  row.granted = after(kAccount, right);
  return row;
}

inline Row sign_challenge() {
  Row row;
  ipc::SignChallenge right{kSite, "ca", kCa + "/chall/1", kNonce};
  row.refusals.push_back({"no order", "no order of site is under way", after(kAccount, right)});
  row.refusals.push_back(
      {"an order without an answer", "no order of site is under way", after(kAsked, right)});
  row.refusals.push_back({"nothing can be answered yet",
                          "no challenge of this order can be answered yet",
                          after(kOrdered, right)});
  row.refusals.push_back(
      {"another CA's order", "no order of site is under way at second",
       after(kPresented, ipc::SignChallenge{kSite, "second", right.url, kNonce})});
  add_targets(row, kPresented, [](const std::string& url, const std::string& nonce) {
    return ipc::SignChallenge{kSite, "ca", url, nonce};
  });
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::SignChallenge{lineage, "ca", right.url, kNonce};
  });
  row.granted = after(kPresented, right);
  return row;
}

inline Row sign_finalize() {
  Row row;
  ipc::SignFinalize right{kSite, "ca", kFinalizeUrl, kNonce};
  row.refusals.push_back({"no order", "no order of site is under way", after(kAccount, right)});
  row.refusals.push_back(
      {"an order without an answer", "no order of site is under way", after(kAsked, right)});
  row.refusals.push_back(
      {"another CA's order", "no order of site is under way at second",
       after(kPresented, ipc::SignFinalize{kSite, "second", kFinalizeUrl, kNonce})});
  row.refusals.push_back(
      {"another finalize URL", "another URL",
       after(kPresented, ipc::SignFinalize{kSite, "ca", kCa + "/order/2/finalize", kNonce})});
  row.refusals.push_back(
      {"the key cannot be stored", ".key.tmp: No space left", [right](Bench& bench) {
         bench.present();
         bench.env.writes_before_failure = 0;
         return Bench::frame(right);
       }});
  row.refusals.push_back({"the key cannot be bound to its order", ".order.json.tmp: No space left",
                          [right](Bench& bench) {
                            bench.present();
                            bench.env.writes_before_failure = 1;
                            return Bench::frame(right);
                          }});
  for (std::string nonce : {std::string(), std::string("a+b/c="), std::string(513, 'n')})
    row.refusals.push_back(
        {"a bad nonce", "nonce",
         after(kPresented, ipc::SignFinalize{kSite, "ca", kFinalizeUrl, nonce})});
  // What order_created let pass is not signed for all the same.
  row.refusals.push_back(
      {"a finalize URL on another server", "is not on a server", [](Bench& bench) {
         bench.ask_for_order();
         bench.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, "https://evil.example/finalize"});
         return Bench::frame(
             ipc::SignFinalize{kSite, "ca", "https://evil.example/finalize", kNonce});
       }});
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::SignFinalize{lineage, "ca", kFinalizeUrl, kNonce};
  });
  row.granted = after(kPresented, right);
  return row;
}

inline Row sign_deactivate_authorization() {
  Row row;
  ipc::SignDeactivateAuthorization right{kSite, "ca", kCa + "/authz/1", kNonce};
  row.refusals.push_back({"no order", "no order of site is under way", after(kAccount, right)});
  row.refusals.push_back(
      {"another CA's order", "no order of site is under way at second",
       after(kOrdered, ipc::SignDeactivateAuthorization{kSite, "second", right.url, kNonce})});
  // All that some server may take for the account.
  for (std::string url :
       {kAccountUrl, kCa + ":443/acct/1", std::string("HTTPS://CA.example/acct/1"),
        kAccountUrl + "?x", kAccountUrl + "#x", kAccountUrl + "/", kCa + "/./acct/1",
        kCa + "//acct/1", kCa + "/x/../acct/1", kCa + "/%61cct/1", kCa + "/acct/1;x",
        kCa + "/ACCT/1", kCa, kCa + "/"})
    row.refusals.push_back(
        {"the account as " + url, "that could deactivate the account",
         after(kOrdered, ipc::SignDeactivateAuthorization{kSite, "ca", url, kNonce})});
  add_targets(row, kOrdered, [](const std::string& url, const std::string& nonce) {
    return ipc::SignDeactivateAuthorization{kSite, "ca", url, nonce};
  });
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::SignDeactivateAuthorization{lineage, "ca", right.url, kNonce};
  });
  row.granted = after(kOrdered, right);
  return row;
}

}  // namespace acme::test
