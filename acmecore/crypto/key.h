// Private keys: made, written as PKCS#8, read back. Used for certificates and accounts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/key_type.h"
#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace acme {

class PrivateKey {
 public:
  PrivateKey() = default;
  ~PrivateKey();
  PrivateKey(PrivateKey&& other) noexcept;
  PrivateKey& operator=(PrivateKey&& other) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;

  static Result<PrivateKey> generate(KeyType type);
  static Result<PrivateKey> from_pem(std::string_view pem);  // PKCS#8 or traditional, unencrypted
  static Result<PrivateKey> from_der(std::string_view der);
  static PrivateKey adopt(evp_pkey_st* owned);

  Result<Secret> pem() const;  // PKCS#8
  Result<Secret> der() const;  // PKCS#8
  std::optional<KeyType> type() const;
  evp_pkey_st* get() const { return key_; }

 private:
  evp_pkey_st* key_ = nullptr;
};

}  // namespace acme
