// The requests that change an account or end a certificate: only for an errand.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

inline const std::string kKeyChange = kCa + "/key-change";
inline const std::string kRevoke = kCa + "/revoke";

// Nobody has asked; something else was asked for; the errand is over.
template <class Make>
void add_errands(Row& row, Make make, std::function<std::uint32_t(Bench&)> other) {
  row.refusals.push_back({"nobody has asked", "nobody has asked", [make](Bench& bench) {
                            bench.install();
                            return Bench::frame(make(1));
                          }});
  row.refusals.push_back(
      {"something else was asked for", "nobody has asked", [make, other](Bench& bench) {
         bench.install();
         return Bench::frame(make(other(bench)));
       }});
}
template <class Make>
void add_end(Row& row, std::function<std::uint32_t(Bench&)> begin, Make make) {
  row.refusals.push_back({"the errand has ended", "nobody has asked", [make, begin](Bench& bench) {
                            bench.install();
                            std::uint32_t number = begin(bench);
                            bench.granted(ipc::ErrandDone{number, false, true, "no"});
                            return Bench::frame(make(number));
                          }});
}

inline const auto kWantsContact = [](Bench& bench) { return bench.change_contact(); };
inline const auto kWantsRollover = [](Bench& bench) { return bench.ask_to_roll_over(); };
inline const auto kWantsDeactivation = [](Bench& bench) { return bench.ask_to_deactivate(); };
inline const auto kWantsRevocation = [](Bench& bench) { return bench.ask_to_revoke(); };

// After an order has brought account and certificate.
inline Ask for_errand(std::function<std::uint32_t(Bench&)> begin,
                      std::function<Frame(std::uint32_t)> make) {
  return [begin, make](Bench& bench) {
    bench.install();
    return make(begin(bench));
  };
}

inline Row sign_account_update() {
  Row row;
  const auto make = [](std::uint32_t number) {
    return ipc::SignAccountUpdate{number, kAccountUrl, kNonce};
  };
  add_errands(row, make, kWantsDeactivation);
  add_end(row, kWantsContact, make);
  for (std::string url : {kCa + "/acct/2", kAccountUrl + "/", kKeyChange})
    row.refusals.push_back({"the URL " + url, "is not the URL of the account",
                            for_errand(kWantsContact, [url](auto n) {
                              return Bench::frame(ipc::SignAccountUpdate{n, url, kNonce});
                            })});
  row.granted = for_errand(kWantsContact, [make](auto n) { return Bench::frame(make(n)); });
  return row;
}

inline Row sign_account_deactivation() {
  Row row;
  const auto make = [](std::uint32_t number) {
    return ipc::SignAccountDeactivation{number, kAccountUrl, kNonce};
  };
  add_errands(row, make, kWantsRollover);
  add_errands(row, make, kWantsContact);
  add_end(row, kWantsDeactivation, make);
  row.refusals.push_back(
      {"another URL", "is not the URL of the account", for_errand(kWantsDeactivation, [](auto n) {
         return Bench::frame(ipc::SignAccountDeactivation{n, kCa + "/authz/1", kNonce});
       })});
  row.granted = for_errand(kWantsDeactivation, [make](auto n) { return Bench::frame(make(n)); });
  return row;
}

template <class Request>
Row sign_for_rollover() {
  Row row;
  const auto make = [](std::uint32_t number) { return Request{number, kKeyChange, kNonce}; };
  add_errands(row, make, kWantsDeactivation);
  add_errands(row, make, kWantsRevocation);
  add_end(row, kWantsRollover, make);
  row.refusals.push_back(
      {"another server", "is not on a server", for_errand(kWantsRollover, [](auto n) {
         return Bench::frame(Request{n, "https://evil.example/key-change", kNonce});
       })});
  row.refusals.push_back({"no nonce", "nonce", for_errand(kWantsRollover, [](auto n) {
                            return Bench::frame(Request{n, kKeyChange, ""});
                          })});
  row.granted = for_errand(kWantsRollover, [make](auto n) { return Bench::frame(make(n)); });
  return row;
}

inline Row sign_revocation() {
  Row row;
  const auto make = [](std::uint32_t number) {
    return ipc::SignRevocation{number, kRevoke, kNonce, false};
  };
  add_errands(row, make, kWantsRollover);
  add_end(row, kWantsRevocation, make);
  for (bool by_certificate : {false, true}) {
    row.refusals.push_back({"another server", "is not on a server",
                            for_errand(kWantsRevocation, [by_certificate](auto n) {
                              return Bench::frame(ipc::SignRevocation{
                                  n, "https://evil.example/revoke", kNonce, by_certificate});
                            })});
    row.refusals.push_back(
        {"no nonce", "nonce", for_errand(kWantsRevocation, [by_certificate](auto n) {
           return Bench::frame(ipc::SignRevocation{n, kRevoke, "", by_certificate});
         })});
  }
  row.refusals.push_back(
      {"another certificate has taken its place", "has taken its place", [make](Bench& bench) {
         bench.install();
         std::uint32_t number = bench.ask_to_revoke();
         bench.install();
         return Bench::frame(make(number));
       }});
  row.granted = for_errand(kWantsRevocation, [make](auto n) { return Bench::frame(make(n)); });
  return row;
}

inline Row errand_done() {
  Row row;
  row.refusals.push_back({"nobody has asked", "nobody has asked", [](Bench& bench) {
                            bench.install();
                            return Bench::frame(ipc::ErrandDone{1, true, false, ""});
                          }});
  for (const auto& begin : {std::function<std::uint32_t(Bench&)>(kWantsRollover),
                            std::function<std::uint32_t(Bench&)>(kWantsDeactivation),
                            std::function<std::uint32_t(Bench&)>(kWantsRevocation)})
    row.refusals.push_back(
        {"nothing was signed for it", "nothing was signed", for_errand(begin, [](auto n) {
           return Bench::frame(ipc::ErrandDone{n, true, false, ""});
         })});
  row.granted = for_errand(kWantsRevocation, [](auto n) {
    return Bench::frame(ipc::ErrandDone{n, false, true, "unauthorized: no"});
  });
  return row;
}

}  // namespace acme::test
