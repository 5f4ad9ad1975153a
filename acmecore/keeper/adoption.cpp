// An account and certificates that another client obtained become ours.
#include "base/text.h"
#include "base/url.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"

namespace acme::keeper {

Outcome Accounts::adopt(std::string_view issuer, std::string_view account_url,
                        const Secret& key_pem, bool dry_run) {
  ACME_TRY(Account * account, find(issuer));
  if (!config_.issuer(issuer)->account_key_file.empty())
    return fail(Errc::refused, std::string(issuer) + " is configured with a key file of its own");
  if (!https_origin(account_url))
    return fail(Errc::refused, "the account's URL is no https URL: " + printable(account_url));
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(key_pem.view()));
  if (!key.type()) return fail(Errc::unsupported, "its key is of a type that is not supported");
  ACME_TRY(Secret pem, key.pem());
  if (dry_run) return {};

  AccountRecord record = account->record;
  record.account_url = account_url;
  // Of another key, to be read from it; of whatever kind it is, it is not rolled over: the client
  // that it comes from may still need it.
  record.key = {};
  record.next_key.reset();
  record.contacts.reset();
  if (record.created == 0) record.created = env_.now();
  // One that was made and that no CA knows yet.
  if (auto old = store_.load_account_key(issuer); old && old->view() != pem.view())
    ACME_CHECK(store_.retire_account(issuer));
  ACME_CHECK(store_.save_account_key(issuer, pem));
  ACME_CHECK(store_.save_account(record));
  accounts_.erase(accounts_.find(issuer));  // read again when it is needed
  return {};
}

Outcome Certificates::adopt(Managed& managed, Version version) {
  Version kept{{}, version.meta, version.key_pem.clone(), version.chain_pem};
  ACME_CHECK(store_.save_version(managed.lineage, std::move(version)));
  managed.stored = kept.meta;
  note(managed, "imported", kept.meta.issuer);
  if (auto active = activate(managed, kept); !active)
    log_.error(to_string(managed.lineage) + ": the imported certificate is stored, but served " +
               "only after the server's next reload: " + active.error().message);
  note_success(managed);
  // An order that was begun for what is there now.
  if (is_current(managed) && managed.order) give_up(managed);
  return {};
}

}  // namespace acme::keeper
