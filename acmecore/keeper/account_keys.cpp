#include "keeper/account_keys.h"

#include <utility>

#include "base/text.h"
#include "crypto/jose.h"
#include "keeper/read_file.h"

namespace acme::keeper {
namespace {

bool is_gone(Errc code) {
  return code == Errc::not_found || code == Errc::damaged;
}

std::string place_of(const AccountKeyRecord& key) {
  return key.file.empty() ? "the store" : printable(key.file);
}

}  // namespace

bool AccountKeys::has_key(const IssuerConfig& issuer) const {
  return !issuer.account_key_file.empty() || store_.load_account_key(issuer.id);
}

// ---- from where

Result<AccountKeys::Found> AccountKeys::of_pem(const Secret& pem, const std::string& path) const {
  auto key = PrivateKey::from_pem(pem.view());
  if (!key) return fail(key.error().code, path + ": " + key.error().message);
  if (!key->type())
    return fail(Errc::unsupported,
                path +
                    ": a key of this kind cannot be an account's: make one that is ECDSA (P-256, "
                    "P-384, P-521) or RSA (2048, 3072, 4096 bits)");
  ACME_TRY(std::string thumbprint, jwk_thumbprint(*key));
  return Found{*std::move(key), std::move(thumbprint)};
}

Result<AccountKeys::Found> AccountKeys::of_file(const std::string& path) const {
  ACME_TRY(Secret pem, read_secret_file(path));
  return of_pem(pem, path);
}

Result<AccountKeys::Found> AccountKeys::of_store(std::string_view issuer) const {
  ACME_TRY(Secret pem, store_.load_account_key(issuer));
  auto found = of_pem(pem, "the stored account key");
  if (!found) return fail(Errc::damaged, found.error().message);
  return found;
}

// On disk before the CA hears of it: a lost answer finds the account again by its key.
Result<AccountKeys::Found> AccountKeys::made(const IssuerConfig& issuer, AccountRecord& record) {
  ACME_TRY(PrivateKey key, PrivateKey::generate(issuer.account_key));
  ACME_TRY(Secret pem, key.pem());
  ACME_TRY(std::string thumbprint, jwk_thumbprint(key));
  ACME_CHECK(store_.save_account_key(issuer.id, pem));
  record.created = env_.now();
  record.account_url.clear();
  record.contacts.reset();
  record.next_key.reset();
  record.key = {"", std::string(key_type_name(issuer.account_key)), thumbprint};
  ACME_CHECK(store_.save_account(record));
  return Found{std::move(key), std::move(thumbprint)};
}

Result<AccountKeys::Found> AccountKeys::configured(const IssuerConfig& issuer,
                                                   AccountRecord& record) {
  if (!issuer.account_key_file.empty()) return of_file(issuer.account_key_file);
  auto found = of_store(issuer.id);
  if (found) return found;
  if (found.error().code == Errc::damaged) {
    log_.error(issuer.id +
               ": the stored account key is damaged; it is set aside and a new account "
               "is made");
    ACME_CHECK(store_.retire_account(issuer.id));
  } else if (found.error().code != Errc::not_found) {
    return found;
  }
  return made(issuer, record);
}

// ---- the key that the CA knows

Result<PrivateKey> AccountKeys::load(const IssuerConfig& issuer, AccountRecord& record) {
  const bool known = !record.account_url.empty() && !record.key.thumbprint.empty();
  if (!known) return begin_anew(issuer, record);

  const AccountKeyRecord before = record.key;
  auto found = before.file.empty() ? of_store(issuer.id) : of_file(before.file);
  // What cannot be read now is no reason to forget an account.
  if (!found && before.file == issuer.account_key_file && !is_gone(found.error().code))
    return std::move(found).error();
  if (found && found->thumbprint == before.thumbprint) return std::move(found->key);
  // The end came between the rename of the key and the record of it.
  if (found && record.next_key && record.next_key->file == before.file &&
      record.next_key->thumbprint == found->thumbprint) {
    record.key = *std::exchange(record.next_key, std::nullopt);
    ACME_CHECK(store_.save_account(record));
    return std::move(found->key);
  }
  log_.warning(issuer.id + ": the key of the account " + printable(record.account_url) +
               " is not in " + place_of(before) +
               " any more, so it cannot be rolled over: the account of the key that is configured "
               "now is used, or made");
  record.account_url.clear();
  record.contacts.reset();
  record.next_key.reset();
  record.key = {};
  ACME_CHECK(store_.save_account(record));
  return begin_anew(issuer, record);
}

// Nothing is registered, or an older build has not written with which key.
Result<PrivateKey> AccountKeys::begin_anew(const IssuerConfig& issuer, AccountRecord& record) {
  ACME_TRY(Found found, configured(issuer, record));
  AccountKeyRecord now{issuer.account_key_file, record.key.type, found.thumbprint};
  if (now.file.empty() && now.type.empty()) now.type = key_type_name(issuer.account_key);
  if (!now.file.empty()) now.type.clear();
  if (std::exchange(record.key, now) != now && !record.account_url.empty())
    ACME_CHECK(store_.save_account(record));
  return std::move(found.key);
}

// ---- its successor

bool AccountKeys::wants_successor(const IssuerConfig& issuer, AccountRecord& record) {
  if (record.account_url.empty()) return false;
  if (record.next_key) return true;
  if (issuer.account_key_file.empty())
    return !record.key.file.empty() || record.key.type != key_type_name(issuer.account_key);
  if (issuer.account_key_file == record.key.file) return false;
  auto wanted = of_file(issuer.account_key_file);
  if (!wanted) {
    log_.error(issuer.id + ": " + wanted.error().message + "; the account's key stays that of " +
               place_of(record.key) + " until that is mended and the server reloaded");
    return false;
  }
  if (wanted->thumbprint != record.key.thumbprint) return true;
  // Moved, or the file that an import has copied.
  record.key.file = issuer.account_key_file;
  record.key.type.clear();
  if (auto saved = store_.save_account(record); !saved)
    log_.error(issuer.id + ": " + saved.error().message);
  return false;
}

Result<PrivateKey> AccountKeys::successor(const IssuerConfig& issuer, AccountRecord& record) {
  if (record.next_key) {
    auto pem = record.next_key->file.empty() ? store_.load_next_account_key(issuer.id)
                                             : read_secret_file(record.next_key->file);
    auto found = pem ? of_pem(*pem, place_of(*record.next_key)) : Result<Found>(pem.error());
    if (found && found->thumbprint == record.next_key->thumbprint) return std::move(found->key);
    log_.warning(issuer.id + ": the account's next key is not in " + place_of(*record.next_key) +
                 " any more; another one is taken");
  }
  AccountKeyRecord next;
  PrivateKey key;
  if (!issuer.account_key_file.empty()) {
    ACME_TRY(Found found, of_file(issuer.account_key_file));
    next = {issuer.account_key_file, "", found.thumbprint};
    key = std::move(found.key);
  } else {
    ACME_TRY(key, PrivateKey::generate(issuer.account_key));
    ACME_TRY(Secret pem, key.pem());
    ACME_TRY(next.thumbprint, jwk_thumbprint(key));
    next.type = key_type_name(issuer.account_key);
    ACME_CHECK(store_.save_next_account_key(issuer.id, pem));
  }
  if (next.thumbprint == record.key.thumbprint)
    return fail(Errc::refused, printable(next.file) +
                                   " holds the account's key already: put another one into a file, "
                                   "name that in the configuration, and reload the server");
  auto before = std::exchange(record.next_key, std::move(next));
  if (auto saved = store_.save_account(record); !saved) {
    record.next_key = std::move(before);
    return std::move(saved).error();
  }
  return key;
}

Outcome AccountKeys::adopt(AccountRecord& record) {
  if (!record.next_key) return fail(Errc::internal, "there is no next key");
  AccountKeyRecord next = *std::exchange(record.next_key, std::nullopt);
  if (next.file.empty()) ACME_CHECK(store_.adopt_next_account_key(record.issuer));
  record.key = std::move(next);
  ACME_CHECK(store_.save_account(record));
  // It is worth nothing any more.
  return record.key.file.empty() ? Outcome() : store_.forget_account_key(record.issuer);
}

Outcome AccountKeys::drop(AccountRecord& record) {
  record.next_key.reset();
  ACME_CHECK(store_.save_account(record));
  return store_.forget_next_account_key(record.issuer);
}

}  // namespace acme::keeper
