// The keeper's accounts: one key per issuer, and everything that is signed with it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/key.h"
#include "keeper/account_keys.h"
#include "store/store.h"

namespace acme::keeper {

class Accounts {
 public:
  Accounts(const Env& env, Log& log, const Config& config, Store& store)
      : env_(env), log_(log), config_(config), store_(store), keys_(env, log, store) {}

  // Called when a CA names other terms of service than before, with their URL.
  std::function<void(const std::string& issuer, const std::string& terms)> on_new_terms;

  // The URL the CA knows the account by; empty where it is not registered.
  std::string account_url(std::string_view issuer);
  AccountRecord record(std::string_view issuer);
  // At the agent's start: reads the key where there is one, and forgets an account whose key is
  // gone. Whether there is a key that the CA may know.
  bool settle(std::string_view issuer);

  // What the directory says: nothing is signed for an origin that it did not list.
  Outcome allow_origins(std::string_view issuer, const std::vector<std::string>& urls);
  void see_terms(std::string_view issuer, std::string_view terms_of_service);
  // Whose name may stand in a record of dns-persist-01.
  void see_identities(std::string_view issuer, const std::vector<std::string>& names);
  // The operator has seen them, too.
  Result<std::string> agree_to_terms(std::string_view issuer);

  // Whether a server might take this URL for the account's.
  bool may_be_account(std::string_view issuer, std::string_view url);
  Outcome check_is_account(std::string_view issuer, std::string_view url);

  // Signed bodies. Each checks issuer, URL and nonce first.
  Outcome check(std::string_view issuer, std::string_view url, std::string_view nonce);
  Result<std::string> sign_registration(std::string_view issuer, std::string_view url,
                                        std::string_view nonce, bool only_existing);
  Result<std::string> sign(std::string_view issuer, std::string_view url, std::string_view nonce,
                           std::string_view payload);
  Result<std::string> key_authorization(std::string_view issuer, std::string_view token);

  Outcome created(std::string_view issuer, std::string_view account_url,
                  std::string_view terms_of_service, bool existed);
  // From another client (adoption.cpp). Errc::refused where the configuration has a key file.
  Outcome adopt(std::string_view issuer, std::string_view account_url, const Secret& key_pem,
                bool dry_run);
  // What the agent counts of the CA's rate limits, within bounds: limits.cpp.
  Outcome save_limits(std::string_view issuer, SpentLimits spent);
  SpentLimits limits(std::string_view issuer);
  // What all that wait for this issuer wait for, in the agent's words, for the status.
  void set_stage(std::string_view issuer, std::string_view stage);
  std::string stage(std::string_view issuer) const;

  // The CA does not know the account any more: registered again, with the same key.
  Outcome lost(std::string_view issuer);
  // The CA asked not to be called before this time: that outlives the helper.
  Outcome hold(std::string_view issuer, WallTime until);

  // ---- changes of an account that is there (account_changes.cpp)

  // Whether the CA has other contacts than are configured.
  bool wants_contact(std::string_view issuer);
  Result<std::string> contact_payload(std::string_view issuer);
  Outcome contact_changed(std::string_view issuer);
  // Whether another key is configured than the CA has.
  bool wants_rollover(std::string_view issuer);
  bool has_begun_rollover(std::string_view issuer);
  // The next key is on disk before it is signed with.
  Outcome prepare_rollover(std::string_view issuer);
  Result<std::string> sign_key_change(std::string_view issuer, std::string_view url,
                                      std::string_view nonce);
  Result<std::string> sign_key_probe(std::string_view issuer, std::string_view url,
                                     std::string_view nonce);
  Outcome key_changed(std::string_view issuer);
  Outcome key_change_refused(std::string_view issuer);
  // The account is set aside: its key is of no use any more.
  Outcome deactivated(std::string_view issuer);

 private:
  struct Account {
    AccountRecord record;
    PrivateKey key;
    std::string thumbprint;  // of `key`, once it was needed
    PrivateKey next;         // in a rollover
    std::vector<std::string> origins;
    bool registering = false;  // newAccount was signed
    std::optional<Millis> lost;
    SpentLimits spent;
    bool limits_loaded = false;
    std::string stage;
  };
  Result<Account*> find(std::string_view issuer);
  Result<Account*> with_key(std::string_view issuer);
  Result<Account*> registered(std::string_view issuer);
  Result<Account*> with_next(std::string_view issuer);
  Outcome check_target(const Account& account, std::string_view url, std::string_view nonce) const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  AccountKeys keys_;
  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace acme::keeper
