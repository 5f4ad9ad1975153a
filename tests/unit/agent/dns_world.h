// The world with DNS in it: zones as maps, providers that write into them, name servers that
// show what they hold a little later.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns01.h"
#include "unit/agent/world.h"

namespace acme::test {

class DnsWorld {
 public:
  World world;
  std::set<std::pair<std::string, std::string>> zone;  // what stands in it: name and value
  std::vector<std::string> calls;  // of providers and keeper, in their order: "set NAME VALUE"
  std::map<std::string, std::string> aliases;
  std::set<std::string> lost;  // names that have no zone
  Millis latency = 20;         // of a provider
  Millis shown_after = 500;
  std::vector<std::string> missing;  // servers that never show it
  bool complete = true;
  std::string set_error;
  std::string remove_error;
  std::string journal_error;
  std::size_t values_at_a_time = 0;
  std::map<std::string, std::vector<ipc::WantedDnsRecords::Record>> wanted;  // by certificate
  std::map<std::string, std::string> settings_error;
  std::unique_ptr<agent::Dns01> dns01;

  DnsWorld() {
    IssuerConfig& issuer = world.config.issuers.at(0);
    issuer.challenges = {ChallengeType::http01, ChallengeType::dns01};
    issuer.dns.push_back({"model", {}, ""});
    world.ca.offers = {"http-01", "dns-01"};
    world.keeper.before_with = [this](ipc::Type type, std::string_view bytes) {
      return keep(type, bytes);
    };
  }

  // A certificate that is proven by these records.
  ipc::LineageState& add(const std::string& name, std::vector<std::string> values = {"value"}) {
    const std::string base = name.starts_with("*.") ? name.substr(2) : name;
    for (const std::string& value : values)
      wanted[name].push_back({base, "_acme-challenge." + base, value});
    return world.add(name);
  }
  agent::Dns01& solver() {
    if (!dns01) {
      dns01 = std::make_unique<agent::Dns01>(world.services, tools(), world.config);
      world.services.dns01 = dns01.get();
    }
    return *dns01;
  }
  void start() {
    solver().take_over(world.welcome.dns_records);
    world.start();
  }
  std::size_t index_of(const std::string& call) const {
    auto it = std::find(calls.begin(), calls.end(), call);
    if (it == calls.end()) throw Failure("there was no " + call);
    return static_cast<std::size_t>(it - calls.begin());
  }
  std::size_t count(std::string_view part) const {
    std::size_t n = 0;
    for (const std::string& call : calls) n += call.find(part) != std::string::npos ? 1U : 0U;
    return n;
  }
  bool is_clean() const { return zone.empty() && (!dns01 || dns01->records().size() == 0); }

  agent::DnsTools tools();

 private:
  class ModelProvider final : public agent::dns::Provider {
   public:
    ModelProvider(DnsWorld& in, std::string name) : in_(in), name_(std::move(name)) {}
    void set(const agent::dns::TxtRecord& record, Done done) override {
      in_.calls.push_back(name_ + " sets " + record.name + " " + record.value);
      in_.world.timers.after(in_.latency, [this, record, done] {
        if (!in_.set_error.empty()) return done(fail(Errc::io, in_.set_error));
        in_.zone.insert({record.name, record.value});
        done(std::string("id-") + record.value);
      });
    }
    void remove(const agent::dns::TxtRecord& record, const std::string& id, Done done) override {
      in_.calls.push_back(name_ + " removes " + record.name + " " + record.value + " " + id);
      in_.world.timers.after(in_.latency, [this, record, done] {
        if (!in_.remove_error.empty()) return done(fail(Errc::io, in_.remove_error));
        in_.zone.erase({record.name, record.value});
        done(std::string());
      });
    }
    std::size_t values_at_a_time() const override { return in_.values_at_a_time; }

   private:
    DnsWorld& in_;
    std::string name_;
  };

  std::optional<ipc::Reply> keep(ipc::Type type, std::string_view bytes) {
    if (type == ipc::Type::present_challenges) {
      auto request = REQUIRE_OK(decode<ipc::PresentChallenges>(bytes));
      ipc::WantedDnsRecords records;
      for (const auto& challenge : request.challenges)
        if (is_dns_challenge(challenge.type)) records.records = wanted[request.lineage.certificate];
      if (records.records.empty()) return std::nullopt;
      return ipc::Reply{true, 0, std::string(encode(records).view())};
    }
    if (type == ipc::Type::read_dns_settings) {
      auto request = REQUIRE_OK(decode<ipc::ReadDnsSettings>(bytes));
      if (auto error = settings_error.find(request.issuer); error != settings_error.end())
        return ipc::Reply{false, static_cast<std::int32_t>(Errc::io), error->second};
      return ipc::Reply{true, 0, std::string(encode(ipc::DnsSettings{}).view())};
    }
    if (type == ipc::Type::plan_dns_records && !journal_error.empty())
      return ipc::Reply{false, static_cast<std::int32_t>(Errc::io), journal_error};
    if (type == ipc::Type::plan_dns_records)
      for (const DnsRecord& record : REQUIRE_OK(decode<ipc::PlanDnsRecords>(bytes)).records)
        calls.push_back("journal has " + record.name + " " + record.value);
    if (type == ipc::Type::note_dns_record)
      calls.push_back("journal knows " + REQUIRE_OK(decode<ipc::NoteDnsRecord>(bytes)).id);
    if (type == ipc::Type::forget_dns_record)
      calls.push_back("journal forgets " + REQUIRE_OK(decode<ipc::ForgetDnsRecord>(bytes)).value);
    return std::nullopt;
  }
};

inline agent::DnsTools DnsWorld::tools() {
  agent::DnsTools tools;
  tools.locate = [this](const IssuerConfig&, const std::string& name, agent::dns::ZoneDone done) {
    world.timers.after(5, [this, name, done] {
      agent::dns::ZonePlace place;
      place.name = name;
      if (auto alias = aliases.find(name); alias != aliases.end()) {
        place.aliases.push_back(name);
        place.name = alias->second;
      }
      if (lost.contains(place.name))
        return done(fail(Errc::not_found, place.name + " does not exist in DNS"));
      const std::size_t dot = place.name.rfind('.', place.name.rfind('.') - 1);
      place.zone = place.name.substr(dot + 1);
      done(std::move(place));
    });
  };
  tools.texts = [this](const IssuerConfig&, const std::string& name, agent::DnsTools::Texts done) {
    world.timers.after(5, [this, name, done] {
      if (lost.contains(name)) return done(fail(Errc::io, "no name server answers"));
      std::vector<std::string> texts;
      for (const auto& [where, value] : zone)
        if (where == name) texts.push_back(value);
      done(std::move(texts));
    });
  };
  tools.await = [this](std::vector<agent::dns::AwaitedRecord> records,
                       agent::dns::PropagationSettings settings, agent::DnsTools::Told told,
                       agent::DnsTools::Seen seen) {
    for (const auto& record : records)
      if (complete) CHECK(zone.contains({record.place.name, record.value}));
    calls.push_back("awaits " + std::to_string(records.size()));
    if (!missing.empty()) world.timers.after(1000, [this, told] { told({false, missing}); });
    world.timers.after(complete ? shown_after : settings.timeout, [this, seen] {
      seen({complete, missing});
    });
  };
  tools.make_provider =
      [this](const IssuerConfig&, const std::string& name,
             agent::DnsTools::Settings) -> Result<std::unique_ptr<agent::dns::Provider>> {
    return std::unique_ptr<agent::dns::Provider>(std::make_unique<ModelProvider>(*this, name));
  };
  return tools;
}

}  // namespace acme::test
