#include "keeper/errands.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace acme::keeper {
namespace {

Error no_errand() {
  return fail(Errc::refused, "nobody has asked for that");
}

}  // namespace

// ---- who wants what

bool Errands::is_open(ErrandKind kind, std::string_view issuer) const {
  return std::any_of(open_.begin(), open_.end(), [&](const auto& entry) {
    return entry.second.errand.kind == kind && entry.second.errand.issuer == issuer;
  });
}

void Errands::add(ErrandKind kind, std::string_view issuer, std::shared_ptr<Wish> wish,
                  Revocation revocation) {
  if (wish) ++wish->open;
  ipc::Errand errand{++last_, kind, std::string(issuer), false};
  if (kind == ErrandKind::rollover) errand.begun = accounts_.has_begun_rollover(issuer);
  Open& open = open_[errand.number];
  open.errand = errand;
  open.wish = std::move(wish);
  open.revocation = std::move(revocation);
  if (on_new) open.told = on_new(errand);
}

void Errands::look(std::string_view issuer) {
  if (accounts_.account_url(issuer).empty()) return;
  const std::pair<ErrandKind, bool> wanted[] = {
      {ErrandKind::rollover, accounts_.wants_rollover(issuer)},
      {ErrandKind::contact, accounts_.wants_contact(issuer)}};
  for (const auto& [kind, is_wanted] : wanted)
    if (is_wanted && !is_open(kind, issuer) && !not_before_.contains({kind, std::string(issuer)}))
      add(kind, issuer, nullptr);
}

void Errands::look_at_all() {
  for (const IssuerConfig& issuer : config_.issuers) look(issuer.id);
}

void Errands::try_again() {
  const WallTime now = env_.now();
  std::vector<std::string> issuers;
  for (auto it = not_before_.begin(); it != not_before_.end();) {
    if (now < it->second && it->second <= now + kDay) {
      ++it;
      continue;
    }
    issuers.push_back(it->first.second);
    it = not_before_.erase(it);
  }
  for (const std::string& issuer : issuers) look(issuer);
}

std::vector<ipc::Errand> Errands::open() {
  std::vector<ipc::Errand> all;
  for (auto& [number, open] : open_) {
    open.errand.begun |= std::exchange(open.told, true);
    all.push_back(open.errand);
  }
  return all;
}

Outcome Errands::has_account(std::string_view issuer) {
  if (!config_.issuer(issuer))
    return fail(Errc::not_found, "no issuer is called " + printable(issuer));
  if (accounts_.account_url(issuer).empty())
    return fail(Errc::refused, "there is no account at " + std::string(issuer));
  for (ErrandKind kind : {ErrandKind::rollover, ErrandKind::deactivation})
    if (is_open(kind, issuer))
      return fail(Errc::busy, "the account at " + std::string(issuer) +
                                  " is being changed already: acmectl issuers tells");
  return {};
}

Outcome Errands::roll_over(std::string_view issuer, std::shared_ptr<Wish> wish) {
  ACME_CHECK(has_account(issuer));
  // What cannot work is said at once.
  ACME_CHECK(accounts_.prepare_rollover(issuer));
  add(ErrandKind::rollover, issuer, std::move(wish));
  return {};
}

Outcome Errands::deactivate(std::string_view issuer, std::shared_ptr<Wish> wish) {
  ACME_CHECK(has_account(issuer));
  add(ErrandKind::deactivation, issuer, std::move(wish));
  return {};
}

// ---- what is signed for them

Result<Errands::Open*> Errands::find(std::uint32_t number, ErrandKind kind) {
  auto found = open_.find(number);
  if (found == open_.end() || found->second.errand.kind != kind) return no_errand();
  return &found->second;
}

Result<std::string> Errands::note(Open& open, Result<std::string> body) {
  open.signed_for |= static_cast<bool>(body);
  return body;
}

Result<std::string> Errands::sign(const ipc::SignAccountUpdate& request) {
  ACME_TRY(Open * open, find(request.errand, ErrandKind::contact));
  const std::string& issuer = open->errand.issuer;
  ACME_CHECK(accounts_.check_is_account(issuer, request.url));
  ACME_TRY(std::string payload, accounts_.contact_payload(issuer));
  return note(*open, accounts_.sign(issuer, request.url, request.nonce, payload));
}

Result<std::string> Errands::sign(const ipc::SignAccountDeactivation& request) {
  ACME_TRY(Open * open, find(request.errand, ErrandKind::deactivation));
  const std::string& issuer = open->errand.issuer;
  ACME_CHECK(accounts_.check_is_account(issuer, request.url));
  return note(*open,
              accounts_.sign(issuer, request.url, request.nonce, R"({"status":"deactivated"})"));
}

Result<std::string> Errands::sign(const ipc::SignKeyChange& request) {
  ACME_TRY(Open * open, find(request.errand, ErrandKind::rollover));
  return note(*open, accounts_.sign_key_change(open->errand.issuer, request.url, request.nonce));
}

Result<std::string> Errands::sign(const ipc::SignKeyProbe& request) {
  ACME_TRY(Open * open, find(request.errand, ErrandKind::rollover));
  return note(*open, accounts_.sign_key_probe(open->errand.issuer, request.url, request.nonce));
}

// ---- how they end

Outcome Errands::done(const ipc::ErrandDone& report) {
  auto found = open_.find(report.errand);
  if (found == open_.end()) return no_errand();
  if (report.done && !found->second.signed_for)
    return fail(Errc::refused, "nothing was signed for that errand");
  const Open open = std::move(found->second);
  open_.erase(found);
  const std::string& issuer = open.errand.issuer;
  Result<std::string> line =
      report.done ? finished(open) : Result<std::string>(failed(open, report));
  if (!line) {
    log_.error(issuer + ": " + line.error().message);
    end(open, false, issuer + ": " + line.error().message);
    return line.error();
  }
  log_.write(report.done ? Level::notice : Level::error, *line);
  end(open, report.done, *line);
  // Something else may be wanted by now.
  if (report.done) look(issuer);
  return {};
}

void Errands::end(const Open& open, bool done, const std::string& line) {
  if (!open.wish) return;
  Wish& wish = *open.wish;
  wish.done = wish.done && done;
  wish.text += line + "\n";
  if (--wish.open == 0 && wish.answer) wish.answer(wish.done, wish.text);
}

Result<std::string> Errands::finished(const Open& open) {
  const std::string& issuer = open.errand.issuer;
  const std::string url = printable(accounts_.account_url(issuer));
  switch (open.errand.kind) {
    case ErrandKind::contact: {
      ACME_CHECK(accounts_.contact_changed(issuer));
      std::string list = join(config_.issuer(issuer)->contacts, ", ");
      return issuer +
             ": the CA has the new contact of the account: " + (list.empty() ? "none" : list);
    }
    case ErrandKind::rollover:
      ACME_CHECK(accounts_.key_changed(issuer));
      certificates_.renew_key_authorizations(issuer);
      return issuer + ": the account " + url + " has a new key; the old one is of no use any more";
    case ErrandKind::deactivation:
      ACME_CHECK(accounts_.deactivated(issuer));
      return issuer + ": the account " + url +
             " is deactivated, for ever; its files are kept beside the new ones. As long as " +
             issuer + " is configured, the next order there makes a new account" +
             (config_.issuer(issuer)->account_key_file.empty()
                  ? ""
                  : ", for which the configuration has to name another account key");
    case ErrandKind::revocation:
      return revoked(open);
  }
  return no_errand();
}

std::string Errands::failed(const Open& open, const ipc::ErrandDone& report) {
  const std::string& issuer = open.errand.issuer;
  const std::string words = printable(report.words);
  const bool ours = !open.wish;
  if (ours) not_before_[{open.errand.kind, issuer}] = env_.now() + kDay;
  const std::string again = ours ? "; next try in a day, or at the next reload" : "";
  switch (open.errand.kind) {
    case ErrandKind::contact:
      return issuer + ": the CA does not take the account's new contact: " + words + again;
    case ErrandKind::rollover: {
      std::string line = issuer + ": the account's key is not changed: " + words;
      if (!report.refused) return line + "; the new key is kept for the next try" + again;
      if (auto dropped = accounts_.key_change_refused(issuer); !dropped)
        log_.error(issuer + ": " + dropped.error().message);
      return line + "; the old key is used as before" + again;
    }
    case ErrandKind::deactivation:
      return issuer + ": the account is not deactivated: " + words;
    case ErrandKind::revocation:
      return to_string(open.revocation.lineage) + ": not revoked: " + words;
  }
  return words;
}

}  // namespace acme::keeper
