#include "agent/dns/zone.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kMostAliases = 8;
constexpr std::size_t kMostServers = 8;

bool is_within(const std::string& name, const std::string& zone) {
  return name == zone || (name.size() > zone.size() && name.ends_with(zone) &&
                          name[name.size() - zone.size() - 1] == '.');
}

std::string parent_of(const std::string& name) {
  std::size_t dot = name.find('.');
  return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

const Record* find_record(const std::vector<Record>& records, RecordType type,
                          const std::string& owner) {
  auto found = std::find_if(records.begin(), records.end(), [&](const Record& record) {
    return record.type == type && record.owner == owner;
  });
  return found == records.end() ? nullptr : &*found;
}

class Search : public std::enable_shared_from_this<Search> {
 public:
  Search(const Resolver& resolver, std::uint16_t port, ZoneDone done)
      : resolver_(resolver), port_(port), done_(std::move(done)) {}

  void begin(const std::string& name) {
    place_.name = lower(name);
    ask(place_.name, RecordType::soa, [](Search& self, Answer answer) { self.follow(answer); });
  }

 private:
  void ask(const std::string& name, RecordType type, std::function<void(Search&, Answer)> then) {
    resolver_.find(name, type,
                   [self = shared_from_this(), then = std::move(then)](Result<Answer> answer) {
                     if (!answer) return self->done_(std::move(answer).error());
                     then(*self, *std::move(answer));
                   });
  }

  // The resolver follows aliases itself, mostly; what it did not follow is asked for.
  void follow(const Answer& answer) {
    const std::string asked = place_.name;
    while (const Record* alias = find_record(answer.answers, RecordType::cname, place_.name)) {
      auto& aliases = place_.aliases;
      if (std::find(aliases.begin(), aliases.end(), alias->value) != aliases.end() ||
          alias->value == place_.name)
        return fail_with("the aliases (CNAME) of " + aliases_begin() + " lead in a circle");
      if (aliases.size() == kMostAliases)
        return fail_with("more than " + std::to_string(kMostAliases) + " aliases (CNAME) follow " +
                         aliases_begin());
      aliases.push_back(place_.name);
      place_.name = alias->value;
    }
    if (place_.name == asked) return find_zone(place_.name, answer);
    ask(place_.name, RecordType::soa, [](Search& self, Answer next) { self.follow(next); });
  }

  std::string aliases_begin() const {
    return printable(place_.aliases.empty() ? place_.name : place_.aliases.front());
  }

  // The SOA stands at the zone's own name, and beside the news that a name is not there.
  void find_zone(const std::string& candidate, const Answer& answer) {
    if (find_record(answer.answers, RecordType::soa, candidate)) return take_zone(candidate);
    for (const Record& record : answer.authority)
      if (record.type == RecordType::soa && is_within(candidate, record.owner))
        return take_zone(record.owner);
    const std::string parent = parent_of(candidate);
    if (parent.empty())
      return fail_with("no zone in DNS holds " + printable(place_.name) + " (by " +
                       join(resolver_.servers(), ", ") + ")");
    ask(parent, RecordType::soa,
        [parent](Search& self, Answer next) { self.find_zone(parent, next); });
  }

  void take_zone(const std::string& zone) {
    place_.zone = zone;
    ask(zone, RecordType::ns, [](Search& self, Answer answer) { self.take_servers(answer); });
  }

  void take_servers(const Answer& answer) {
    for (const Record& record : answer.answers)
      if (record.type == RecordType::ns && record.owner == place_.zone &&
          place_.servers.size() < kMostServers)
        place_.servers.push_back({record.value, {}});
    if (place_.servers.empty())
      return fail_with("the zone " + printable(place_.zone) + " names no server (NS) in DNS");
    outstanding_ = 2 * place_.servers.size();
    for (std::size_t i = 0; i < place_.servers.size(); ++i)
      for (RecordType type : {RecordType::a, RecordType::aaaa})
        resolver_.find(place_.servers[i].name, type,
                       [self = shared_from_this(), i, type](const Result<Answer>& found) {
                         if (found) self->take_addresses(i, type, *found);
                         if (--self->outstanding_ == 0) self->done_(std::move(self->place_));
                       });
  }

  void take_addresses(std::size_t server, RecordType type, const Answer& answer) {
    for (const Record& record : answer.answers) {
      if (record.type != type) continue;
      const std::string host = type == RecordType::aaaa ? "[" + record.value + "]" : record.value;
      place_.servers[server].endpoints.push_back(host + ":" + std::to_string(port_));
    }
  }

  void fail_with(std::string words) { done_(fail(Errc::not_found, std::move(words))); }

  Resolver resolver_;
  std::uint16_t port_;
  ZoneDone done_;
  ZonePlace place_;
  std::size_t outstanding_ = 0;
};

}  // namespace

void locate(const Resolver& resolver, const std::string& name, std::uint16_t port, ZoneDone done) {
  std::make_shared<Search>(resolver, port, std::move(done))->begin(name);
}

}  // namespace acme::agent::dns
