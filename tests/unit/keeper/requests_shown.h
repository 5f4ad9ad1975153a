// The request that tells what the server shows.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

// A look that is under way; its number.
inline std::uint32_t begin_look(Bench& bench) {
  bench.config.certificates[0].looks = {{0, "site.example", {{"127.0.0.1:443"}}}};
  std::uint32_t number = 0;
  bench.looks().on_new = [&](const ipc::Look& look) {
    number = look.number;
    return true;
  };
  bench.install();
  bench.env.boot += 5'000;
  bench.looks().turn();
  CHECK(number != 0);
  return number;
}

inline Row look_done() {
  Row row;
  const auto report = [](std::vector<ipc::Shown> shown) -> Ask {
    return [shown](Bench& bench) { return Bench::frame(ipc::LookDone{begin_look(bench), shown}); };
  };
  using What = ipc::Shown::What;
  row.refusals.push_back(
      {"nobody has asked", "nobody wants to know", at_once(ipc::LookDone{1, {}})});
  row.refusals.push_back({"of no listener", "of each listener", report({})});
  row.refusals.push_back({"of too many", "of each listener", report({{}, {}})});
  for (const ipc::Shown& wrong :
       {ipc::Shown{What::certificate, "short", ""}, ipc::Shown{What::certificate, "", ""},
        ipc::Shown{What::no_answer, std::string(64, 'a'), ""},
        ipc::Shown{What::no_answer, "", std::string(1025, 'w')},
        ipc::Shown{static_cast<What>(4), "", ""}})
    row.refusals.push_back({"what cannot be seen", "nothing that can be seen", report({wrong})});
  row.granted = report({{What::no_answer, "", "Connection refused"}});
  return row;
}

}  // namespace acme::test
