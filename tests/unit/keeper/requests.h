// For each request of the keeper's table: when it is refused, why, and when it is
// granted. Here the words to say it in.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "unit/keeper/bench.h"

namespace acme::test {

// What an agent sends after what has happened so far.
using Ask = std::function<Frame(Bench&)>;

struct Refusal {
  std::string what;
  std::string why;  // stands in the reply
  Ask ask;
};
struct Row {
  std::vector<Refusal> refusals;
  Ask granted;           // a request that is right, at the right time
  bool answered = true;  // log_line and progress are not
};

template <class Request>
Ask at_once(Request request) {
  return [request](Bench&) { return Bench::frame(request); };
}
template <class Step, class Request>
Ask after(Step step, Request request) {
  return [step, request](Bench& bench) {
    step(bench);
    return Bench::frame(request);
  };
}

inline const auto kAccount = [](Bench& bench) { bench.register_account(); };
inline const auto kAsked = [](Bench& bench) { bench.ask_for_order(); };
inline const auto kOrdered = [](Bench& bench) { bench.create_order(); };
inline const auto kPresented = [](Bench& bench) { bench.present(); };
inline const auto kFinalized = [](Bench& bench) { bench.finalize(); };

inline const Lineage kUnknownKey{"site", KeyType::rsa4096};
inline const Lineage kNoKeyType{"site", static_cast<KeyType>(200)};

// URLs and nonces that nothing is signed for. `make` builds the request.
template <class Step, class Make>
void add_targets(Row& row, Step step, Make make) {
  const std::string good = kCa + "/path";
  row.refusals.push_back({"another server", "is not on a server",
                          after(step, make("https://evil.example/x", kNonce))});
  row.refusals.push_back({"another port", "is not on a server",
                          after(step, make("https://ca.example:444/x", kNonce))});
  row.refusals.push_back(
      {"plain http", "not an https URL", after(step, make("http://ca.example/x", kNonce))});
  row.refusals.push_back(
      {"user information", "", after(step, make("https://ca.example@evil.example/", kNonce))});
  row.refusals.push_back(
      {"a line end", "not an https URL", after(step, make(good + "\n", kNonce))});
  row.refusals.push_back({"a URL of over 2 KiB", "not an https URL",
                          after(step, make(good + std::string(2048, 'x'), kNonce))});
  row.refusals.push_back({"no URL", "", after(step, make("", kNonce))});
  row.refusals.push_back({"no nonce", "nonce", after(step, make(good, ""))});
  row.refusals.push_back({"a nonce in base64", "nonce", after(step, make(good, "a+b/c="))});
  row.refusals.push_back({"a nonce with a quote", "nonce", after(step, make(good, "a\"b"))});
  row.refusals.push_back(
      {"a nonce of over 512 bytes", "nonce", after(step, make(good, std::string(513, 'n')))});
}

// Who is nobody's: the same for each request that names a lineage.
template <class Make>
void add_lineages(Row& row, Make make) {
  row.refusals.push_back(
      {"an unknown certificate", "other is not configured", after(kFinalized, make(kStranger))});
  row.refusals.push_back({"a key type that is not configured", "site is not configured",
                          after(kFinalized, make(kUnknownKey))});
  row.refusals.push_back({"a number that is no key type", "site is not configured",
                          after(kFinalized, make(kNoKeyType))});
}

}  // namespace acme::test
