// TSIG (RFC 8945): messages signed with a secret that we and a name server share. Here and
// not by ldns, whose 1.8 cannot sign with HMAC-SHA384 ("hmac-shac384.").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "crypto/digest.h"

namespace acme::agent::dns {

struct TsigKey {
  std::string name;  // lower case, without the final dot
  HmacHash hash = HmacHash::sha256;
  Secret secret;
};

// What a file has: base64 alone; BIND's `key "name" { algorithm …; secret "…"; };`; or
// "algorithm:name:base64", as dig and kdig take it, which keymgr writes above its own form.
// Name and algorithm of the configuration are for what has none, and must not contradict.
// What is wrong is said without the secret.
Result<TsigKey> read_tsig_key(std::string_view text, std::string_view name,
                              std::string_view algorithm);

struct SignedMessage {
  std::string message;
  std::string mac;  // which the answer's signature covers, too
};
Result<SignedMessage> tsig_sign(std::string message, const TsigKey& key, WallTime now);

enum class Tsig : std::uint8_t {
  good,
  absent,
  bad_signature,  // theirs is wrong
  refused_key,    // they say BADKEY: no key of that name
  refused_mac,    // BADSIG: not the same secret or algorithm
  refused_time,   // BADTIME: clocks differ
};
// Of an answer to what was signed so.
Tsig tsig_verify(std::string_view answer, const TsigKey& key, std::string_view request_mac,
                 WallTime now);

}  // namespace acme::agent::dns
