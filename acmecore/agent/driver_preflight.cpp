// The driver's part in preflight: names are looked at beside their first order, and when a CA
// could not validate them; no order waits for it, and none is held up by what is found.
#include <algorithm>

#include "agent/driver.h"
#include "base/text.h"

namespace acme::agent {

using protocol::Failure;

namespace {

// Of the kinds that have to do with what a CA sees of the names.
bool is_about_names(const Failure& failure) {
  if (failure.kind == Failure::Kind::refused) return failure.forbidden || !failure.names.empty();
  return failure.kind == Failure::Kind::validation;
}

constexpr std::size_t kFindings = 3;  // beside the CA's words

std::string beside(const std::string& finding) {
  return "; seen from here: " + finding;
}

}  // namespace

void Driver::enable_preflight(Preflight::NamesFor names_for) {
  auto is_ours = [this](const std::string& name) {
    return std::any_of(entries_.begin(), entries_.end(), [&](const auto& each) {
      const auto& names = each.second.config->names;
      return std::find(names.begin(), names.end(), name) != names.end();
    });
  };
  preflight_ = std::make_unique<Preflight>(services_, std::move(names_for), std::move(is_ours));
}

// By the type of challenge that comes first for the name.
Preflight::Wanted Driver::wanted(const Entry& entry, const Issuer& issuer,
                                 const std::string& name) const {
  const auto& failed = entry.state.schedule.failed_challenges;
  const auto& types = issuer.config.challenges;
  auto first = std::find_if(types.begin(), types.end(), [&](ChallengeType type) {
    return std::none_of(failed.begin(), failed.end(), [&](const FailedChallenge& one) {
      return one.name == name && one.type == type &&
             one.at > services_.env.now() - kFailedChallengeLife;
    });
  });
  if (first == types.end()) first = types.begin();
  if (first == types.end() || name.starts_with("*.")) return {name};
  return {name, !is_dns_challenge(*first), *first == ChallengeType::http01};
}

void Driver::look_before(Entry& entry, Issuer& issuer) {
  entry.unexplained.clear();
  entry.seen_since = services_.env.boottime() - Preflight::kLife;
  // What is current has been validated with all its names.
  if (!entry.state.current) look_at(entry, issuer, entry.names);
}

void Driver::look_at(const Entry& entry, Issuer& issuer, const std::vector<std::string>& names) {
  if (!preflight_ || !issuer.config.preflight.on) return;
  std::vector<Preflight::Wanted> list;
  for (const std::string& name : names) list.push_back(wanted(entry, issuer, name));
  preflight_->look(issuer.session, issuer.config, entry.state.lineage, std::move(list),
                   [this, lineage = entry.state.lineage, id = issuer.config.id](
                       const auto& reports) { on_looked(lineage, id, reports); });
}

void Driver::on_looked(const Lineage& lineage, const std::string& issuer,
                       const std::vector<ipc::NameReport>& reports) {
  auto known = entries_.find(lineage);
  if (known == entries_.end()) return;
  Entry& entry = known->second;
  const std::string certificate = display_name(*entry.config, lineage);
  std::vector<std::string> unseen;
  bool found = false;
  for (const ipc::NameReport& report : reports) {
    for (const ipc::Sight& sight : report.sights)
      if (sight.verdict == ipc::Verdict::unknown) unseen.push_back(sight.words);
    const std::string words = words_of(report);
    const std::string subject = "preflight of " + report.name + " for " + issuer;
    if (words.empty()) {
      failures_.forget(subject);
      continue;
    }
    found = true;
    auto repeated = failures_.tell(subject, words, services_.env.now());
    if (repeated)
      services_.log.warning(
          certificate + ": preflight: " + words +
          (entry.run ? "; the order at " + issuer + " goes on all the same" : "") + *repeated);
  }
  if (!unseen.empty())
    services_.log.info(certificate +
                       ": preflight: not everything can be seen from here: " + unseen.front());
  else if (!found)
    services_.log.info(certificate + ": preflight: nothing stands in the way of " + issuer);
  explain_later(entry, issuer);
}

// What the CA says, with what we have seen of the same names. What is not known yet is looked at
// now, and comes to the status later.
void Driver::explain(Entry& entry, const std::string& issuer, Failure& failure) {
  if (!preflight_ || !is_about_names(failure)) return;
  std::vector<std::string> names;
  for (const std::string& name : entry.names)
    if (failure.names.empty() ||
        std::find(failure.names.begin(), failure.names.end(), name) != failure.names.end())
      names.push_back(name);
  std::vector<std::string> unknown;
  std::size_t told = 0;
  for (const std::string& name : names) {
    if (!preflight_->knows(issuer, name, entry.seen_since)) unknown.push_back(name);
    const std::string finding = preflight_->finding(issuer, name, entry.seen_since);
    if (finding.empty() || told == kFindings) continue;
    failure.words += beside(finding);
    ++told;
  }
  entry.unexplained = unknown;
  look_at(entry, *issuers_.at(issuer), unknown);
}

void Driver::explain_later(Entry& entry, const std::string& issuer) {
  std::size_t told = 0;
  std::erase_if(entry.unexplained, [&](const std::string& name) {
    if (!preflight_->knows(issuer, name, entry.seen_since)) return false;
    const std::string finding = preflight_->finding(issuer, name, entry.seen_since);
    if (finding.empty() || told == kFindings) return true;
    entry.state.schedule.last_error += beside(finding);
    ++told;
    return true;
  });
  if (told > 0) save(entry);
}

void Driver::check(const ipc::Check& check) {
  auto found = entries_.find(check.lineage);
  Issuer* issuer = found == entries_.end() ? nullptr : issuer_of(found->second);
  auto answer = [this, number = check.number](const std::string& id,
                                              std::vector<ipc::NameReport> reports) {
    services_.keeper.ask(ipc::CheckDone{number, id, std::move(reports)}, [](const ipc::Reply&) {});
  };
  if (!issuer || !preflight_) return answer("", {});
  std::vector<Preflight::Wanted> list;
  for (const std::string& name : check.names) list.push_back(wanted(found->second, *issuer, name));
  preflight_->look_now(issuer->session, issuer->config, check.lineage, std::move(list),
                       [answer, id = issuer->config.id](std::vector<ipc::NameReport> reports) {
                         answer(id, std::move(reports));
                       });
}

}  // namespace acme::agent
