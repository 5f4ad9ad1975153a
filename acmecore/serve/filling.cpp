#include "serve/filling.h"

#include <algorithm>
#include <map>
#include <optional>

#include "crypto/alpn_cert.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include "serve/fallbacks.h"

namespace acme::serve {
namespace {

// One complaint per load, with a count: a store that cannot be read has as
// many as there are certificates.
class Complaints {
 public:
  explicit Complaints(Log& log) : log_(log) {}
  ~Complaints() {
    if (count_ > 1)
      log_.error(std::to_string(count_ - 1) + " more stored certificates are not served");
  }
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  void add(const Lineage& lineage, const Error& error) {
    if (count_++ == 0)
      log_.error("the stored certificate " + to_string(lineage) +
                 " is not served: " + error.message);
  }

 private:
  Log& log_;
  std::size_t count_ = 0;
};

class Filling {
 public:
  Filling(const Store& store, WallTime now, Log& log, const PublishFn& publish)
      : store_(store), now_(now), complaints_(log), log_(log), publish_(publish) {}

  void add(const CertificateConfig& certificate) {
    bool found = false;
    for (std::size_t i = 0; i < certificate.keys.size(); ++i)
      found |= load({certificate.id, certificate.keys[i]},
                    certificate.first_slot + static_cast<std::uint32_t>(i));
    if (!found) fall_back(certificate);
  }

 private:
  bool load(const Lineage& lineage, std::uint32_t slot) {
    auto version = store_.load_current(lineage, Store::Meta::seals);
    if (!version) {
      // The store has reported what is damaged.
      Errc code = version.error().code;
      if (code != Errc::not_found && code != Errc::damaged)
        complaints_.add(lineage, version.error());
      return false;
    }
    return publish(lineage, *version, slot);
  }

  bool publish(const Lineage& lineage, const Version& version, std::uint32_t slot) {
    auto bundle = bundle_from(version);
    Outcome published = bundle ? publish_(slot, *bundle) : Outcome(bundle.error());
    if (!published) complaints_.add(lineage, published.error());
    return bool(published);
  }

  void fall_back(const CertificateConfig& certificate) {
    if (!fallbacks_) fallbacks_.emplace(store_, now_);
    const Lineage* other = fallbacks_->best_for(certificate.names);
    if (!other) return;
    auto version = store_.load_current(*other, Store::Meta::seals);
    if (version && publish(*other, *version, certificate.first_slot))
      log_.notice("the stored certificate " + to_string(*other) + " answers for " + certificate.id +
                  " until its own is there");
  }

  const Store& store_;
  WallTime now_;
  Complaints complaints_;
  Log& log_;
  const PublishFn& publish_;
  std::optional<Fallbacks> fallbacks_;
};

// One key of each kind for all answers.
class AlpnMaker {
 public:
  explicit AlpnMaker(WallTime now) : now_(now) {}

  Outcome put(BoardWriter& board, const KeyAuthorizationRecord& record) {
    ACME_CHECK(make_keys());
    const Sha256 digest = sha256(record.key_authorization);
    AlpnAnswer answer;
    answer.digest.assign(digest.begin(), digest.end());
    for (const PrivateKey& key : keys_) {
      ACME_TRY(std::string certificate,
               make_alpn_certificate(key, record.identifier, record.key_authorization, now_));
      ACME_TRY(Secret der, key.der());
      answer.bundles.push_back({std::move(der), {std::move(certificate)}});
    }
    return board.put_challenge(alpn_server_name(record.identifier), answer);
  }

 private:
  Outcome make_keys() {
    if (!keys_.empty()) return {};
    for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
      ACME_TRY(PrivateKey key, PrivateKey::generate(type));
      keys_.push_back(std::move(key));
    }
    return {};
  }

  WallTime now_;
  std::vector<PrivateKey> keys_;
};

}  // namespace

void fill_certificates(const Store& store, const Config& config, WallTime now, Log& log,
                       const PublishFn& publish) {
  Filling filling(store, now, log, publish);
  for (const CertificateConfig& certificate : config.certificates) filling.add(certificate);
}

void fill_challenges(const Store& store, BoardWriter& board, WallTime now, Log& log) {
  AlpnMaker alpn(now);
  for (const OrderRecord& order : store.load_orders())
    for (const KeyAuthorizationRecord& record : order.key_authorizations) {
      if (is_dns_challenge(record.type)) continue;  // answered by name servers
      Outcome put = record.type == ChallengeType::tlsalpn01
                        ? alpn.put(board, record)
                        : board.put_token(record.token, record.key_authorization);
      if (!put)
        log.error("a challenge for " + record.identifier +
                  " is not answered before the helper is up: " + put.error().message);
    }
}

Result<Bundle> bundle_from(const Version& version) {
  ACME_TRY(KeyAndChain der, der_from_pem(version.key_pem.view(), version.chain_pem));
  return Bundle{std::move(der.key), std::move(der.chain)};
}

}  // namespace acme::serve
