// Self-signed certificates that keep handshakes working until the first real
// one is there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/key.h"

struct x509_st;

namespace acme {

// Makes many with one key. A server may want thousands as it starts, and most of
// what one costs is the encoding of its key (OpenSSL 3): done once here.
class PlaceholderMaker {
 public:
  static Result<PlaceholderMaker> with(PrivateKey key, WallTime now);

  const PrivateKey& key() const { return key_; }
  // DER. No name is fine.
  Result<std::string> make(const std::vector<std::string>& names);

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
  };
  using Certificate = std::unique_ptr<x509_st, Free>;
  PlaceholderMaker(PrivateKey key, Certificate certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  PrivateKey key_;
  Certificate certificate_;  // the last one that was made
};

}  // namespace acme
