// The requests that have to do with what operators are told.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

inline Row happened() {
  Row row;
  row.refusals.push_back({"good news", "not the agent's to tell",
                          at_once(ipc::Happened{Event::issued, kSite, "ca", "words"})});
  row.refusals.push_back({"no event", "not the agent's to tell",
                          at_once(ipc::Happened{static_cast<Event>(99), kSite, "ca", "words"})});
  row.refusals.push_back({"an unknown issuer", "nobody is no issuer",
                          at_once(ipc::Happened{Event::failed, kSite, "nobody", "words"})});
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::Happened{Event::failed, lineage, "ca", "words"};
  });
  row.granted = at_once(ipc::Happened{Event::failed, kSite, "ca", "words"});
  return row;
}

// Something is to be told to somebody.
inline std::uint32_t waiting_notice(Bench& bench) {
  bench.config.hooks.notify = {{"a", {"/bin/a"}, "", kAllEvents}};
  bench.restart();
  std::uint32_t number = 0;
  bench.notices().on_new = [&number](const ipc::Notice& notice) {
    number = notice.number;
    return true;
  };
  bench.granted(ipc::Happened{Event::failed, kSite, "ca", "words"});
  CHECK(number != 0);
  return number;
}

inline Row notice_done() {
  Row row;
  row.refusals.push_back({"none waits", "no such notice", at_once(ipc::NoticeDone{1})});
  row.refusals.push_back({"twice", "no such notice", [](Bench& bench) {
                            const std::uint32_t number = waiting_notice(bench);
                            bench.granted(ipc::NoticeDone{number});
                            return Bench::frame(ipc::NoticeDone{number});
                          }});
  row.granted = [](Bench& bench) { return Bench::frame(ipc::NoticeDone{waiting_notice(bench)}); };
  return row;
}

}  // namespace acme::test
