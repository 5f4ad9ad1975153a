#include "keeper/external_account.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "keeper/read_file.h"

namespace acme::keeper {
namespace {

// Some CAs hand it out in plain base64.
Result<Secret> decode_key(std::string_view text) {
  Secret key{trim(text)};
  auto* bytes = reinterpret_cast<char*>(key.data());
  std::replace(bytes, bytes + key.size(), '+', '-');
  std::replace(bytes, bytes + key.size(), '/', '_');
  return base64url_decode_secret(key.view());
}

Result<Secret> mac_key(const ExternalAccount& account) {
  if (account.key_file.empty()) return decode_key(account.key.view());
  ACME_TRY(Secret text, read_secret_file(account.key_file));
  auto key = decode_key(text.view());
  if (!key) return fail(key.error().code, account.key_file + ": " + key.error().message);
  if (key->empty()) return fail(Errc::invalid_config, account.key_file + " is empty");
  return key;
}

}  // namespace

Result<Json> bind_external_account(const IssuerConfig& issuer, std::string_view url,
                                   const PrivateKey& account_key) {
  auto failed = [&](const Error& error) {
    return fail(error.code, "the external account " + printable(issuer.external_account.kid) +
                                " cannot be bound: " + error.message);
  };
  auto key = mac_key(issuer.external_account);
  if (!key) return failed(key.error());
  auto bound = sign_eab(*key, issuer.external_account.kid, url, account_key);
  if (!bound) return failed(bound.error());
  return bound;
}

}  // namespace acme::keeper
