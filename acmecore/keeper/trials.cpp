#include "keeper/trials.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostTrials = 4;  // at a time
constexpr std::size_t kLongestWords = 4096;

// No certificate's id has a slash.
Lineage trial_of(const Lineage& lineage) {
  return {lineage.certificate + "/dry-run", lineage.key};
}

bool have_common_name(const Managed& managed, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto& others = managed.config->names;
    return std::find(others.begin(), others.end(), name) != others.end();
  });
}

std::string display_name(const CertificateConfig& config, const Lineage& lineage) {
  if (config.keys.size() < 2) return lineage.certificate;
  return lineage.certificate + " (" + std::string(key_type_name(lineage.key)) + ")";
}

std::string success(const Managed& trial) {
  const std::size_t names = trial.config->names.size();
  return "issued a certificate (" + std::to_string(names) + (names == 1 ? " name" : " names") +
         ", valid until " + format_rfc3339(trial.trial_until) + "): nothing was changed";
}

}  // namespace

Trials::Trials(Log& log, const Config& config, Certificates& certificates)
    : log_(log), config_(config), certificates_(certificates) {
  certificates_.on_trial_done = [this](const ipc::TrialDone& report) { return done(report); };
  certificates_.on_order = [this](const Managed& managed) { make_way(managed); };
}

Result<const IssuerConfig*> Trials::staging_for(const Managed& managed) const {
  const std::string& id = managed.config->issuers.front();
  const IssuerConfig* issuer = config_.issuer(id);
  const std::string staging = issuer ? issuer->staging : "";
  if (staging == id)
    return fail(Errc::refused, managed.lineage.certificate + ": its issuer " + id +
                                   " is a staging CA already: acmectl renew orders there");
  if (const IssuerConfig* found = staging.empty() ? nullptr : config_.issuer(staging)) return found;
  const bool httpd = config_.server == ServerKind::httpd;
  return fail(Errc::refused, managed.lineage.certificate + ": the issuer " + id +
                                 " has no staging CA that a dry run could ask: name one in its "
                                 "block (" +
                                 (httpd ? "ACMEStaging" : "staging") + " NAME)");
}

std::optional<ipc::ControlAnswer> Trials::ask(const std::string& name, Answer answer) {
  const std::vector<Lineage> lineages = certificates_.lineages_of(name);
  if (lineages.empty())
    return ipc::ControlAnswer{false,
                              "no certificate is called " + printable(name) + " or has that name"};
  Open open;
  open.lineage = lineages.front();
  open.next.assign(lineages.begin() + 1, lineages.end());
  open.answer = std::move(answer);
  if (auto begun = begin(std::move(open)); !begun)
    return ipc::ControlAnswer{false, begun.error().message};
  return std::nullopt;
}

Outcome Trials::begin(Open open) {
  Managed* managed = certificates_.find(open.lineage);
  if (!managed) return fail(Errc::refused, open.lineage.certificate + " is configured no more");
  ACME_TRY(const IssuerConfig* issuer, staging_for(*managed));
  for (const auto& [lineage, other] : certificates_.all())
    if (other.order && have_common_name(other, managed->config->names))
      return fail(Errc::busy, to_string(lineage) +
                                  ": an order is under way: a dry run has to wait until it has "
                                  "ended (acmectl status tells)");
  open.trial = trial_of(open.lineage);
  for (const auto& [number, other] : open_)
    if (have_common_name(*certificates_.find_ordered(other.trial), managed->config->names))
      return fail(Errc::busy, other.lineage.certificate + ": a dry run is under way already");
  if (open_.size() >= kMostTrials)
    return fail(Errc::busy, std::to_string(kMostTrials) + " dry runs are under way: try again");
  open.issuer = issuer->id;
  CertificateConfig config = *managed->config;
  config.issuers = {issuer->id};
  const ipc::Trial trial{++last_, open.trial, issuer->id, config.names};
  certificates_.begin_trial(open.trial, std::move(config));
  if (!on_new || !on_new(trial)) {
    certificates_.end_trial(open.trial);
    return fail(Errc::refused,
                "the network side of the helper is not running: the server's error log tells "
                "why; try again");
  }
  open_.emplace(trial.number, std::move(open));
  return {};
}

Outcome Trials::done(const ipc::TrialDone& report) {
  auto found = open_.find(report.number);
  if (found == open_.end()) return fail(Errc::refused, "nobody has asked for that");
  const Managed* trial = certificates_.find_ordered(found->second.trial);
  std::string words = printable(report.words.substr(0, kLongestWords));
  if (words.empty() && trial->trial_until == 0)
    return fail(Errc::refused, "no certificate was issued in that dry run");
  end(found, words, true);
  return {};
}

// `words`: why it failed. Of one certificate the other kinds of key are tried all the same.
void Trials::end(std::map<std::uint32_t, Open>::iterator it, const std::string& words,
                 bool goes_on) {
  Open open = std::move(it->second);
  open_.erase(it);
  const Managed& trial = *certificates_.find_ordered(open.trial);
  const std::string name = display_name(*trial.config, open.lineage);
  const std::string what = words.empty() ? success(trial) : "failed: " + words;
  certificates_.end_trial(open.trial);
  log_.notice(name + ": dry run at " + open.issuer + ": " + what);
  open.text += name + ": the dry run at " + open.issuer + " " + what + "\n";
  open.ok &= words.empty();
  if (goes_on && !open.next.empty()) {
    open.lineage = open.next.front();
    open.next.pop_front();
    Open next = open;
    auto begun = begin(std::move(next));
    if (begun) return;
    open.text += begun.error().message + "\n";
    open.ok = false;
  }
  open.answer({open.ok, open.text});
}

// An order that is none comes first: both would answer challenges for the same names.
void Trials::make_way(const Managed& managed) {
  for (auto it = open_.begin(); it != open_.end();) {
    auto next = std::next(it);
    const Managed* trial = certificates_.find_ordered(it->second.trial);
    if (have_common_name(managed, trial->config->names))
      end(it, "an order of " + to_string(managed.lineage) + " has begun, which comes first", false);
    it = next;
  }
}

void Trials::forget_agent() {
  while (!open_.empty())
    end(open_.begin(), "the network side of the helper has ended meanwhile: try again", false);
}

}  // namespace acme::keeper
