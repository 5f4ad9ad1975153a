#include "agent/dns/addresses.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

struct Search {
  std::function<void(Result<Addresses>)> done;
  std::string host;
  std::string servers;
  Addresses found;
  std::string why = "it has no address";
  int outstanding = 2;

  void finish() {
    auto tell = std::exchange(done, nullptr);
    if (!tell) return;
    if (found.list.empty())
      return tell(fail(Errc::not_found, "the name " + printable(host) + " cannot be resolved by " +
                                            servers + ": " + why));
    tell(std::move(found));
  }
};

void take(Search& search, RecordType type, const Answer& answer) {
  if (!answer.failure.empty()) search.why = answer.failure;
  // Aliases on the way are the name server's to follow.
  for (const Record& record : answer.answers) {
    if (record.type != type) continue;
    Addresses& found = search.found;
    found.ttl = found.list.empty() ? record.ttl : std::min(found.ttl, record.ttl);
    found.list.push_back(record.value);
  }
}

}  // namespace

void find_addresses(Timers& timers, Resolver& resolver, const std::string& host,
                    std::function<void(Result<Addresses>)> done) {
  auto search = std::make_shared<Search>();
  search->done = std::move(done);
  search->host = host;
  search->servers = join(resolver.servers(), ", ");
  for (RecordType type : {RecordType::a, RecordType::aaaa})
    resolver.find(host, type, [search, type, &timers](Result<Answer> answer) {
      if (answer)
        take(*search, type, *answer);
      else
        search->why = answer.error().message;
      if (--search->outstanding == 0) return search->finish();
      if (!search->found.list.empty()) timers.after(kPatience, [search] { search->finish(); });
    });
}

}  // namespace acme::agent::dns
