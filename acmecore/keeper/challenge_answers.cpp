#include "keeper/challenge_answers.h"

#include <algorithm>
#include <set>

#include "crypto/alpn_cert.h"
#include "crypto/digest.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kKinds = 2;  // of keys: ECDSA and RSA

bool is_alpn(const KeyAuthorizationRecord& record) {
  return record.type == ChallengeType::tlsalpn01;
}

std::string digest_of(const KeyAuthorizationRecord& record) {
  Sha256 digest = sha256(record.key_authorization);
  return {digest.begin(), digest.end()};
}

}  // namespace

const Lineage ChallengeAnswers::kKey{"", KeyType::rsa2048};

void ChallengeAnswers::expect_alpn() {
  if (!rsa_) keys_.begin(kKey);
}

Outcome ChallengeAnswers::check(const OrderRecord& order) const {
  for (const KeyAuthorizationRecord& record : order.key_authorizations) {
    if (!is_alpn(record)) continue;
    auto owner = owners_.find(alpn_server_name(record.identifier));
    if (owner != owners_.end() && owner->second != order.lineage)
      return fail(Errc::busy, "a tls-alpn-01 challenge of another order, " +
                                  to_string(owner->second) + ", is pending for " +
                                  record.identifier);
  }
  return {};
}

std::optional<Outcome> ChallengeAnswers::prepare(const OrderRecord& order) {
  const auto& records = order.key_authorizations;
  if (rsa_ || std::none_of(records.begin(), records.end(), is_alpn)) return Outcome();
  auto made = keys_.take(kKey);
  if (!made) return std::nullopt;
  if (!*made) return Outcome(made->error());
  auto key = PrivateKey::from_pem((*made)->pem.view());
  if (!key) return Outcome(key.error());
  rsa_ = std::move(*key);
  return Outcome();
}

Outcome ChallengeAnswers::put(const OrderRecord& order) {
  if (!board_) return {};
  ACME_CHECK(check(order));
  for (const KeyAuthorizationRecord& record : order.key_authorizations) {
    if (is_alpn(record)) {
      ACME_CHECK(put_alpn(order.lineage, record));
    } else if (!is_dns_challenge(record.type)) {
      ACME_CHECK(board_->put_token(record.token, record.key_authorization));
    }
  }
  return {};
}

Outcome ChallengeAnswers::put_alpn(const Lineage& lineage, const KeyAuthorizationRecord& record) {
  const std::string server_name = alpn_server_name(record.identifier);
  owners_.insert_or_assign(server_name, lineage);
  auto there = board_->challenge(server_name);
  bool is_ours = there && there->digest == digest_of(record);
  if (is_ours && (there->bundles.size() == kKinds || !rsa_)) return {};
  ACME_CHECK(make_ecdsa_key());
  ACME_TRY(AlpnAnswer answer, make_alpn(record));
  return board_->put_challenge(server_name, answer);
}

Outcome ChallengeAnswers::make_ecdsa_key() {
  if (ecdsa_) return {};
  ACME_TRY(ecdsa_, PrivateKey::generate(KeyType::ecdsa256));
  return {};
}

Result<AlpnAnswer> ChallengeAnswers::make_alpn(const KeyAuthorizationRecord& record) const {
  AlpnAnswer answer;
  answer.digest = digest_of(record);
  for (const std::optional<PrivateKey>* key : {&ecdsa_, &rsa_}) {
    if (!*key) continue;
    ACME_TRY(std::string certificate,
             make_alpn_certificate(**key, record.identifier, record.key_authorization, env_.now()));
    ACME_TRY(Secret der, (*key)->der());
    answer.bundles.push_back({std::move(der), {std::move(certificate)}});
  }
  return answer;
}

void ChallengeAnswers::remove(const OrderRecord& order) {
  if (!board_) return;
  for (const KeyAuthorizationRecord& record : order.key_authorizations) {
    if (is_dns_challenge(record.type)) continue;
    if (!is_alpn(record)) {
      board_->remove_token(record.token);
      continue;
    }
    const std::string server_name = alpn_server_name(record.identifier);
    auto owner = owners_.find(server_name);
    if (owner == owners_.end() || owner->second != order.lineage) continue;
    owners_.erase(owner);
    board_->remove_challenge(server_name);
  }
}

void ChallengeAnswers::remove_all_but(const std::vector<const OrderRecord*>& orders) {
  if (!board_) return;
  std::set<std::string> kept;
  for (const OrderRecord* order : orders)
    for (const KeyAuthorizationRecord& record : order->key_authorizations)
      kept.insert(is_alpn(record) ? alpn_server_name(record.identifier) : record.token);
  for (const std::string& token : board_->tokens())
    if (!kept.contains(token)) board_->remove_token(token);
  for (const std::string& server_name : board_->challenges())
    if (!kept.contains(server_name)) board_->remove_challenge(server_name);
}

bool ChallengeAnswers::is_complete(const OrderRecord& order) const {
  const auto& records = order.key_authorizations;
  return std::all_of(records.begin(), records.end(), [&](const KeyAuthorizationRecord& record) {
    if (!board_ || !is_alpn(record)) return true;
    auto there = board_->challenge(alpn_server_name(record.identifier));
    return there && there->digest == digest_of(record) && there->bundles.size() == kKinds;
  });
}

Outcome ChallengeAnswers::complete(const OrderRecord& order) {
  if (is_complete(order)) return {};
  auto ready = prepare(order);
  if (!ready) return {};
  ACME_CHECK(*ready);
  return put(order);
}

}  // namespace acme::keeper
