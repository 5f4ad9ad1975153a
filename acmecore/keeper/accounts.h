// The keeper's accounts: one key per issuer, and everything that is signed with it.
#pragma once

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
#include "store/store.h"

namespace acme::keeper {

class Accounts {
 public:
  Accounts(const Env& env, Log& log, const Config& config, Store& store)
      : env_(env), log_(log), config_(config), store_(store) {}

  // The URL the CA knows the account by; empty where it is not registered.
  std::string account_url(std::string_view issuer);
  AccountRecord record(std::string_view issuer);

  // The origins that the directory listed: nothing is signed for any other.
  Outcome allow_origins(std::string_view issuer, const std::vector<std::string>& urls);

  // Whether a server might take this URL for the account's.
  bool may_be_account(std::string_view issuer, std::string_view url);

  // Signed bodies. Each checks issuer, URL and nonce first.
  Outcome check(std::string_view issuer, std::string_view url, std::string_view nonce);
  Result<std::string> sign_registration(std::string_view issuer, std::string_view url,
                                        std::string_view nonce);
  Result<std::string> sign(std::string_view issuer, std::string_view url, std::string_view nonce,
                           std::string_view payload);
  Result<std::string> key_authorization(std::string_view issuer, std::string_view token);

  Outcome created(std::string_view issuer, std::string_view account_url,
                  std::string_view terms_of_service);
  // What the agent counts of the CA's rate limits, within bounds: limits.cpp.
  Outcome save_limits(std::string_view issuer, SpentLimits spent);
  SpentLimits limits(std::string_view issuer);
  // What all that wait for this issuer wait for, in the agent's words, for the status.
  void set_stage(std::string_view issuer, std::string_view stage);
  std::string stage(std::string_view issuer) const;

  // The CA does not know the account any more: registered again, with the same key.
  Outcome lost(std::string_view issuer);

 private:
  struct Account {
    AccountRecord record;
    PrivateKey key;
    std::vector<std::string> origins;
    bool registering = false;  // newAccount was signed
    std::optional<Millis> lost;
    SpentLimits spent;
    bool limits_loaded = false;
    std::string stage;
  };
  Result<Account*> find(std::string_view issuer);
  Result<Account*> with_key(std::string_view issuer);
  Outcome load_key(const IssuerConfig& issuer, Account& account);
  Outcome check_target(const Account& account, std::string_view url, std::string_view nonce) const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace acme::keeper
