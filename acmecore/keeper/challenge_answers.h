// What workers answer CAs with: http-01 key authorizations, and the certificates
// of tls-alpn-01, an ECDSA and an RSA one for each name. Two keys, made at first
// use, serve all of these certificates for as long as the keeper lives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "board/board.h"
#include "crypto/key.h"
#include "keeper/key_maker.h"
#include "store/records.h"

namespace acme::keeper {

class ChallengeAnswers {
 public:
  // The RSA key is made as certificates' are, for a lineage that no configuration has.
  static const Lineage kKey;

  ChallengeAnswers(const Env& env, KeyMaker& keys, BoardWriter* board)
      : env_(env), keys_(keys), board_(board) {}

  // tls-alpn-01 is probably next: its key is made while the CA is being asked.
  void expect_alpn();
  // For one name a CA can be shown one order's certificate.
  Outcome check(const OrderRecord& order) const;
  // Nothing while a key is being made: asked again when KeyMaker has it.
  std::optional<Outcome> prepare(const OrderRecord& order);
  // With the keys that there are.
  Outcome put(const OrderRecord& order);
  void remove(const OrderRecord& order);
  // What a keeper that was killed has left of dry runs and of preflight, which are kept nowhere.
  void remove_all_but(const std::vector<const OrderRecord*>& orders);
  // An answer that had to go without RSA gets its second certificate, when that key is there.
  Outcome complete(const OrderRecord& order);

 private:
  bool is_complete(const OrderRecord& order) const;
  Outcome put_alpn(const Lineage& lineage, const KeyAuthorizationRecord& record);
  Outcome make_ecdsa_key();
  Result<AlpnAnswer> make_alpn(const KeyAuthorizationRecord& record) const;

  const Env& env_;
  KeyMaker& keys_;
  BoardWriter* board_;  // null: no server
  std::optional<PrivateKey> ecdsa_;
  std::optional<PrivateKey> rsa_;
  std::map<std::string, Lineage> owners_;  // whose order a server name's answer is
};

}  // namespace acme::keeper
