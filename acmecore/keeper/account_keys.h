// The key of an account and its successor. The record says which key the CA knows, by its
// thumbprint; a successor is on disk before the CA hears of it, and takes the key's place when
// the CA has said so. Whatever ends in between, one of the two is the right one, and both are
// there.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/key.h"
#include "store/store.h"

namespace acme::keeper {

class AccountKeys {
 public:
  AccountKeys(const Env& env, Log& log, Store& store) : env_(env), log_(log), store_(store) {}

  // Whether there is one, of which the CA may know.
  bool has_key(const IssuerConfig& issuer) const;

  // The key that the CA knows. Where it is gone, the record's account with it: then, and where
  // none is registered, it is the configured one. One that is to be kept here is made, where
  // there is none.
  Result<PrivateKey> load(const IssuerConfig& issuer, AccountRecord& record);

  // Whether another key is configured than the CA knows, or a rollover was begun.
  bool wants_successor(const IssuerConfig& issuer, AccountRecord& record);
  // It is on disk, and the record says so.
  Result<PrivateKey> successor(const IssuerConfig& issuer, AccountRecord& record);
  // It is in force.
  Outcome adopt(AccountRecord& record);
  // The CA does not want it.
  Outcome drop(AccountRecord& record);

 private:
  struct Found {
    PrivateKey key;
    std::string thumbprint;
  };
  Result<Found> of_file(const std::string& path) const;
  Result<Found> of_pem(const Secret& pem, const std::string& path) const;
  Result<Found> of_store(std::string_view issuer) const;
  Result<Found> made(const IssuerConfig& issuer, AccountRecord& record);
  Result<Found> configured(const IssuerConfig& issuer, AccountRecord& record);
  Result<PrivateKey> begin_anew(const IssuerConfig& issuer, AccountRecord& record);

  const Env& env_;
  Log& log_;
  Store& store_;
};

}  // namespace acme::keeper
