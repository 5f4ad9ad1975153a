// The requests that have to do with looking at names.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

inline Row begin_probe() {
  Row row;
  row.refusals.push_back({"too many at a time", "too many probes", [](Bench& bench) {
                            for (int i = 0; i < 64; ++i) bench.granted(ipc::BeginProbe{kSite});
                            return Bench::frame(ipc::BeginProbe{kSite});
                          }});
  add_lineages(row, [](const Lineage& lineage) { return ipc::BeginProbe{lineage}; });
  row.granted = at_once(ipc::BeginProbe{kSite});
  return row;
}

inline std::string probe_token(Bench& bench) {
  const std::string answer = bench.granted(ipc::BeginProbe{kSite});
  return answer.substr(0, answer.find('.'));
}

inline Row end_probe() {
  Row row;
  row.refusals.push_back(
      {"no token of a probe", "no token of a probe", after(kPresented, ipc::EndProbe{kToken})});
  row.refusals.push_back({"twice", "no token of a probe", [](Bench& bench) {
                            const std::string token = probe_token(bench);
                            bench.granted(ipc::EndProbe{token});
                            return Bench::frame(ipc::EndProbe{token});
                          }});
  row.granted = [](Bench& bench) { return Bench::frame(ipc::EndProbe{probe_token(bench)}); };
  return row;
}

// acmectl check site.example
inline std::uint32_t ask_to_check(Bench& bench) {
  std::uint32_t number = 0;
  bench.checks().on_new = [&](const ipc::Check& check) {
    number = check.number;
    return true;
  };
  CHECK(!bench.checks().ask("site.example", [](const ipc::ControlAnswer&) {}));
  return number;
}

inline Row check_done() {
  Row row;
  const auto report = [](std::uint32_t number, std::vector<ipc::NameReport> names) {
    return Bench::frame(ipc::CheckDone{number, "ca", std::move(names)});
  };
  row.refusals.push_back(
      {"nobody has asked", "nobody has asked", at_once(ipc::CheckDone{1, "ca", {}})});
  row.refusals.push_back({"another name", "evil.example was not asked for", [report](Bench& bench) {
                            return report(ask_to_check(bench), {{"evil.example", {}}});
                          }});
  row.refusals.push_back(
      {"more names", "more names than were asked for", [report](Bench& bench) {
         return report(ask_to_check(bench), {{"site.example", {}}, {"site.example", {}}});
       }});
  row.refusals.push_back({"any number of sights", "was not asked for so", [report](Bench& bench) {
                            ipc::NameReport name{"site.example", std::vector<ipc::Sight>(65)};
                            return report(ask_to_check(bench), {name});
                          }});
  row.granted = [report](Bench& bench) {
    return report(ask_to_check(bench), {{"site.example", {{"CAA", ipc::Verdict::good, "none"}}}});
  };
  return row;
}

}  // namespace acme::test
