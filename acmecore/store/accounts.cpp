// issuers/<issuer>/: one account at one CA, its record and its key.
#include <algorithm>

#include "base/text.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "account.json";
constexpr std::string_view kKey = "key";
constexpr std::string_view kNextKey = "key.next";

}  // namespace

Result<AccountRecord> Store::load_account(std::string_view issuer) const {
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  ACME_TRY(AccountRecord account, state_->load_record(dir, std::string(kRecord), decode_account));
  account.issuer = issuer;
  clamp_times(account, state_->env().now());
  return account;
}

Result<Secret> Store::load_account_key(std::string_view issuer) const {
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  ACME_TRY(Secret key, dir.read_secret(kKey));
  if (key.empty()) return fail(Errc::damaged, dir.path_of(kKey) + " is empty");
  return key;
}

Outcome Store::save_account_key(std::string_view issuer, const Secret& pem) {
  if (pem.empty()) return fail(Errc::invalid_argument, "an empty account key");
  ACME_TRY(const Directory dir, state_->make_issuer(issuer));
  auto old = dir.read_secret(kKey);
  if (old && old->view() == pem.view()) return {};
  if (old && !old->empty())
    return fail(Errc::refused, dir.path_of(kKey) + " is there already: retire the account first");
  return replace_file(dir, kKey, pem.view());
}

Result<Secret> Store::load_next_account_key(std::string_view issuer) const {
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  return dir.read_secret(kNextKey);
}

Outcome Store::save_next_account_key(std::string_view issuer, const Secret& pem) {
  if (pem.empty()) return fail(Errc::invalid_argument, "an empty account key");
  ACME_TRY(const Directory dir, state_->make_issuer(issuer));
  return replace_file(dir, kNextKey, pem.view());
}

Outcome Store::adopt_next_account_key(std::string_view issuer) {
  ACME_CHECK(state_->may_write());
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  return rename_durably(dir, kNextKey, kKey);
}

Outcome Store::forget_next_account_key(std::string_view issuer) {
  ACME_CHECK(state_->may_write());
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  return remove_tree(dir, kNextKey);
}

Outcome Store::forget_account_key(std::string_view issuer) {
  ACME_CHECK(state_->may_write());
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  return remove_tree(dir, kKey);
}

Outcome Store::save_account(const AccountRecord& account) {
  if (account.directory_url.empty())
    return fail(Errc::invalid_argument, "an account without a directory URL");
  ACME_TRY(const Directory dir, state_->make_issuer(account.issuer));
  return replace_file(dir, kRecord, encode_account(account));
}

Outcome Store::retire_account(std::string_view issuer) {
  ACME_CHECK(state_->may_write());
  auto account = state_->open_issuer(issuer);
  if (!account && account.error().code == Errc::not_found) return {};
  if (!account) return std::move(account).error();
  ACME_TRY(const Directory all, state_->root.open(kIssuers));
  int n = 1;
  std::string beside;
  do beside = std::string(issuer) + "." + std::to_string(n++);
  while (all.has(beside));
  return rename_durably(all, issuer, beside);
}

}  // namespace acme
