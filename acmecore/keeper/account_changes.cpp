// What becomes of an account after it was made: other contacts, other terms, another key, its end.
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "crypto/jose.h"
#include "keeper/accounts.h"

namespace acme::keeper {

// ---- contacts

bool Accounts::wants_contact(std::string_view issuer) {
  const IssuerConfig* configured = config_.issuer(issuer);
  const AccountRecord known = record(issuer);
  if (!configured || known.account_url.empty()) return false;
  // An account of unknown contacts keeps them, unless others are configured.
  return known.contacts ? *known.contacts != configured->contacts : !configured->contacts.empty();
}

Result<std::string> Accounts::contact_payload(std::string_view issuer) {
  const IssuerConfig* configured = config_.issuer(issuer);
  if (!configured) return fail(Errc::refused, "issuer " + printable(issuer) + " is not configured");
  Json contacts = Json::array();
  for (const std::string& contact : configured->contacts) contacts.append(contact);
  return Json::object().set("contact", std::move(contacts)).compact();
}

Outcome Accounts::contact_changed(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  account->record.contacts = config_.issuer(issuer)->contacts;
  return store_.save_account(account->record);
}

// ---- terms of service

void Accounts::see_terms(std::string_view issuer, std::string_view terms_of_service) {
  auto found = find(issuer);
  if (!found || (*found)->record.account_url.empty() || terms_of_service.empty()) return;
  AccountRecord& record = (*found)->record;
  const std::string seen = printable(terms_of_service);
  const std::string changed = seen == record.terms_of_service ? "" : seen;
  if (std::exchange(record.new_terms_of_service, changed) == changed) return;
  if (!changed.empty())
    log_.warning(std::string(issuer) + ": the CA has changed its terms of service: they are at " +
                 seen + " now, and the account was made under " +
                 (record.terms_of_service.empty() ? "none" : record.terms_of_service) +
                 "; using the CA accepts them. When you have read them: acmectl account agree " +
                 std::string(issuer));
  if (!changed.empty() && on_new_terms) on_new_terms(std::string(issuer), changed);
  if (auto saved = store_.save_account(record); !saved)
    log_.error(std::string(issuer) + ": " + saved.error().message);
}

void Accounts::see_identities(std::string_view issuer, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 10;
  auto found = find(issuer);
  if (!found || names.empty() || names.size() > kMost) return;
  AccountRecord& record = (*found)->record;
  std::vector<std::string> seen;
  for (const std::string& name : names) seen.push_back(printable(name));
  if (seen == record.caa_identities) return;
  record.caa_identities = std::move(seen);
  if (record.account_url.empty()) return;  // saved with the account
  if (auto saved = store_.save_account(record); !saved)
    log_.error(std::string(issuer) + ": " + saved.error().message);
}

Result<std::string> Accounts::agree_to_terms(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  AccountRecord record = account->record;
  if (record.new_terms_of_service.empty())
    return fail(Errc::refused, std::string(issuer) + ": the terms of service have not changed");
  record.terms_of_service = std::move(record.new_terms_of_service);
  record.new_terms_of_service.clear();
  ACME_CHECK(store_.save_account(record));
  account->record = std::move(record);
  return account->record.terms_of_service;
}

// ---- another key

bool Accounts::wants_rollover(std::string_view issuer) {
  auto account = with_key(issuer);
  return account && keys_.wants_successor(*config_.issuer(issuer), (*account)->record);
}

bool Accounts::has_begun_rollover(std::string_view issuer) {
  return record(issuer).next_key.has_value();
}

Result<Accounts::Account*> Accounts::with_next(std::string_view issuer) {
  ACME_TRY(Account * account, registered(issuer));
  if (!account->next.get()) {
    ACME_TRY(account->next, keys_.successor(*config_.issuer(issuer), account->record));
  }
  return account;
}

Outcome Accounts::prepare_rollover(std::string_view issuer) {
  auto account = with_next(issuer);
  return account ? Outcome() : Outcome(account.error());
}

// RFC 8555 section 7.3.5: the new key signs that it takes over the account, the old one that it
// lets it.
Result<std::string> Accounts::sign_key_change(std::string_view issuer, std::string_view url,
                                              std::string_view nonce) {
  ACME_TRY(Account * account, with_next(issuer));
  ACME_CHECK(check_target(*account, url, nonce));
  ACME_TRY(Json old_key, public_jwk(account->key));
  Json take_over = Json::object().set("account", account->record.account_url);
  take_over.set("oldKey", std::move(old_key));
  ACME_TRY(std::string inner,
           sign_jws(account->next, {{}, std::string(url), {}}, take_over.compact()));
  return sign_jws(account->key, {std::string(nonce), std::string(url), account->record.account_url},
                  inner);
}

Result<std::string> Accounts::sign_key_probe(std::string_view issuer, std::string_view url,
                                             std::string_view nonce) {
  ACME_TRY(Account * account, with_next(issuer));
  ACME_CHECK(check_target(*account, url, nonce));
  return sign_jws(account->next, {std::string(nonce), std::string(url), {}},
                  R"({"onlyReturnExisting":true})");
}

Outcome Accounts::key_changed(std::string_view issuer) {
  ACME_TRY(Account * account, with_next(issuer));
  account->key = std::move(account->next);
  account->thumbprint.clear();
  account->next = {};
  return keys_.adopt(account->record);
}

Outcome Accounts::key_change_refused(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  account->next = {};
  return keys_.drop(account->record);
}

// ---- its end

Outcome Accounts::deactivated(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  (void)account;
  ACME_CHECK(store_.retire_account(issuer));
  accounts_.erase(accounts_.find(issuer));
  return {};
}

}  // namespace acme::keeper
