#include "agent/dns01.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace acme::agent {
namespace {

using protocol::Failure;

constexpr std::size_t kTold = 3;

// Many names share one line.
std::string in_one_line(const std::vector<std::string>& parts) {
  std::vector<std::string> shown(
      parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(std::min(kTold, parts.size())));
  std::string out = join(shown, "; ");
  if (parts.size() > kTold) out += "; and " + std::to_string(parts.size() - kTold) + " more";
  return out;
}

std::string zones_of(const IssuerConfig& issuer) {
  std::vector<std::string> zones;
  for (const DnsProviderConfig& provider : issuer.dns)
    zones.push_back(provider.zone.empty() ? "any" : provider.zone);
  return zones.empty() ? "there is none" : "there is one for " + join(zones, ", ");
}

dns::PropagationSettings settings_of(const DnsPropagation& configured) {
  dns::PropagationSettings settings{configured.timeout * 1000, configured.interval * 1000, {}};
  if (configured.delay) settings.delay = *configured.delay * 1000;
  return settings;
}

// "ca.example; accounturi=URL; policy=wildcard", in parts.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string& part : split(text, ';')) parts.emplace_back(trim(part));
  return parts;
}

// For our account, and as far as it takes; any of the CA's names may stand in front.
bool is_persistent_record(std::string_view text, std::string_view wanted) {
  const std::vector<std::string> there = parts_of(text);
  const std::vector<std::string> needed = parts_of(wanted);
  return std::all_of(needed.begin() + 1, needed.end(), [&](const std::string& part) {
    return std::find(there.begin(), there.end(), part) != there.end();
  });
}

}  // namespace

void Dns01::present(const Lineage& lineage, const std::string& issuer, ipc::WantedDnsRecords wanted,
                    Told told, Done done) {
  const IssuerConfig* configured = config_.issuer(issuer);
  auto& all = wanted.records;
  auto rest = std::stable_partition(all.begin(), all.end(),
                                    [](const auto& record) { return record.persistent; });
  std::vector<ipc::WantedDnsRecords::Record> persistent(all.begin(), rest);
  all.erase(all.begin(), rest);
  auto run = std::make_shared<Run>(Run{lineage, *configured, std::move(wanted),
                                       std::move(persistent), std::move(told), std::move(done)});
  runs_[lineage] = run;
  look_for_persistent(run);
}

void Dns01::release(const Lineage& lineage) {
  runs_.erase(lineage);
  records_.release(lineage);
}

void Dns01::take_over(const std::vector<DnsRecord>& left) {
  records_.take_over(left);
}

void Dns01::release_others(const std::function<bool(const Lineage&)>& goes_on) {
  for (const Lineage& owner : records_.owners())
    if (!goes_on(owner)) records_.release(owner);
}

bool Dns01::is_over(const SharedRun& run) const {
  auto found = runs_.find(run->lineage);
  return found == runs_.end() || found->second != run;
}

void Dns01::finish(const SharedRun& run, std::optional<Failure> failure) {
  runs_.erase(run->lineage);
  run->done(std::move(failure));
}

void Dns01::fail(const SharedRun& run, const std::string& words) {
  Failure failure;
  failure.kind = Failure::Kind::dns;
  failure.words = printable(words) + " (the CA was not asked)";
  finish(run, std::move(failure));
}

bool Dns01::fail_for_errors(const SharedRun& run) {
  if (run->errors.empty()) return false;
  fail(run, in_one_line(run->errors));
  return true;
}

// ---- what is the operator's

// A CA that does not find it counts a failed validation. Where nobody answers, the CA decides.
void Dns01::look_for_persistent(const SharedRun& run) {
  run->outstanding = run->persistent.size() + 1;
  const auto looked_at = [this, run] {
    if (--run->outstanding != 0 || fail_for_errors(run)) return;
    if (!run->wanted.records.empty()) return locate(run);
    finish(run, std::nullopt);
  };
  for (const auto& record : run->persistent)
    tools_.texts(
        run->issuer, record.name,
        [this, run, record, looked_at](const Result<std::vector<std::string>>& texts) {
          if (is_over(run)) return;
          const auto fits = [&](const std::string& text) {
            return is_persistent_record(text, record.value);
          };
          if (texts && std::none_of(texts->begin(), texts->end(), fits)) {
            const std::string words =
                "there is no TXT record " + record.name + " \"" + record.value + "\": make it";
            if (std::find(run->errors.begin(), run->errors.end(), words) == run->errors.end())
              run->errors.push_back(words);
          }
          looked_at();
        });
  services_.timers.after(0, [this, run, looked_at] {
    if (!is_over(run)) looked_at();
  });
}

// ---- where

std::string Dns01::target(const Run& run, const std::string& name) const {
  return run.issuer.dns_alias.empty() ? name : name + "." + run.issuer.dns_alias;
}

// A name and its wildcard share one.
void Dns01::locate(const SharedRun& run) {
  run->told("looking for the zones of its names");
  std::set<std::string> names;
  for (const auto& record : run->wanted.records) names.insert(record.name);
  run->outstanding = names.size();
  for (const std::string& name : names) {
    const std::string where = target(*run, name);
    if (where != name) check_alias(run, name, where);
    tools_.locate(run->issuer, where, [this, run, name](Result<dns::ZonePlace> place) {
      if (is_over(run)) return;
      if (place)
        run->places[name] = *std::move(place);
      else
        run->errors.push_back(place.error().message);
      if (--run->outstanding == 0 && !fail_for_errors(run)) open_providers(run);
    });
  }
}

// Nobody else tells the operator of an alias that leads elsewhere, or is not there.
void Dns01::check_alias(const SharedRun& run, const std::string& name, const std::string& target) {
  tools_.locate(run->issuer, name, [this, run, name, target](Result<dns::ZonePlace> place) {
    if (is_over(run) || !place || place->name == target) return;
    const auto& passed = place->aliases;
    if (std::find(passed.begin(), passed.end(), target) != passed.end()) return;
    services_.log.warning(to_string(run->lineage) + ": " + name + " is no alias of " + target +
                          " as seen from here: a CA will not find the record that is set there; "
                          "make it a CNAME");
  });
}

// ---- who

void Dns01::open_providers(const SharedRun& run) {
  std::set<std::uint32_t> numbers;
  for (const auto& [name, place] : run->places) {
    if (auto number = provider_for(run->issuer, place.name))
      numbers.insert(*number);
    else
      run->errors.push_back("no DNS provider of " + run->issuer.id + " is for " + place.name +
                            " in the zone " + place.zone + ": " + zones_of(run->issuer));
  }
  if (fail_for_errors(run)) return;
  run->outstanding = numbers.size();
  for (std::uint32_t number : numbers)
    records_.open_provider(run->issuer.id, number,
                           [this, run, number](Result<DnsRecords::SharedProvider> provider) {
                             if (is_over(run)) return;
                             if (provider)
                               run->providers[number] = *std::move(provider);
                             else
                               run->errors.push_back(provider.error().message);
                             if (--run->outstanding == 0 && !fail_for_errors(run)) set(run);
                           });
}

void Dns01::set(const SharedRun& run) {
  run->told("setting TXT records");
  std::vector<DnsRecords::Wanted> wanted;
  for (const auto& record : run->wanted.records) {
    const dns::ZonePlace& place = run->places.at(record.name);
    const std::uint32_t number = *provider_for(run->issuer, place.name);
    wanted.push_back(
        {{run->lineage, run->issuer.id, run->issuer.dns[number].provider, place.name, record.value,
          place.zone, record.identifier, "", services_.env.now(), record.key_authorization},
         run->providers.at(number)});
  }
  records_.set(run->lineage, std::move(wanted), [this, run](const Outcome& outcome) {
    if (is_over(run)) return;
    if (!outcome) return fail(run, outcome.error().message);
    await(run);
  });
}

// ---- whether the CA will see it

void Dns01::await(const SharedRun& run) {
  run->told("waiting for DNS to show the TXT records");
  std::vector<dns::AwaitedRecord> records;
  for (const auto& record : run->wanted.records)
    records.push_back({run->places.at(record.name), record.value});
  auto told = [this, run](const dns::Propagation& so_far) {
    if (is_over(run) || so_far.missing.empty()) return;
    run->told("waiting for DNS: " + in_one_line(so_far.missing));
    services_.log.info(to_string(run->lineage) +
                       ": waiting for DNS: " + in_one_line(so_far.missing));
  };
  auto seen = [this, run](const dns::Propagation& propagation) {
    if (is_over(run)) return;
    const std::string missing = in_one_line(propagation.missing);
    if (!propagation.complete) return fail(run, "the TXT records do not show: " + missing);
    if (!missing.empty())
      services_.log.warning(to_string(run->lineage) +
                            ": every name server that answers shows the TXT records, but " +
                            missing + ": a CA that asks there will fail");
    run->told("");
    finish(run, std::nullopt);
  };
  tools_.await(std::move(records), settings_of(run->issuer.dns_propagation), told, seen);
}

}  // namespace acme::agent
