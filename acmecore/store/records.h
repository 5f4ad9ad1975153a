// What the store keeps, as values. Each record is one JSON file (docs/STORE.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "base/dns_record.h"
#include "base/event.h"
#include "base/lineage.h"
#include "base/rate_limit.h"
#include "base/secret.h"
#include "base/time.h"

namespace acme {

// An account's key: enough to know it again.
struct AccountKeyRecord {
  std::string file;        // the operator's own; empty: it is kept in the store
  std::string type;        // as it was configured when it was made; empty: not known
  std::string thumbprint;  // RFC 7638; empty: not known
  bool operator==(const AccountKeyRecord&) const = default;
};

struct AccountRecord {
  std::string issuer;         // the issuer's id
  std::string directory_url;  // a changed URL is a new account
  std::string account_url;    // empty: the key was made, the CA has not answered yet
  std::string terms_of_service;
  WallTime created = 0;
  WallTime not_before = 0;             // the CA asked not to be called before (Retry-After)
  std::string new_terms_of_service{};  // what the CA's directory names by now; empty: the same
  std::optional<std::vector<std::string>> contacts{};  // as the CA has them; absent: not known
  AccountKeyRecord key{};                              // that the CA knows
  std::optional<AccountKeyRecord> next_key{};          // a rollover to it was begun
  std::vector<std::string> caa_identities{};           // names of the CA's own (RFC 8659)
};

struct VersionMeta {
  std::string issuer;
  std::string directory_url;
  std::string account_url;  // empty: issued before this was kept
  std::string order_url;
  std::vector<std::string> names;
  WallTime not_before = 0;
  WallTime not_after = 0;
  std::string serial;
  std::string ari_id;
  std::string issuer_name;  // the CA certificate's name, for people
  WallTime stored = 0;
  WallTime revoked = 0;  // by us; 0: not
  std::string revocation_reason;
  bool to_be_replaced = false;  // as soon as possible
};

struct Version {
  std::string name;  // folder below the lineage; sorts by time
  VersionMeta meta;
  Secret key_pem;
  std::string chain_pem;
};

struct KeyAuthorizationRecord {
  std::string identifier;
  std::string token;
  std::string key_authorization;
  ChallengeType type = ChallengeType::http01;
  bool operator==(const KeyAuthorizationRecord&) const = default;
};

// An order under way: enough to resume it by URL after a kill.
struct OrderRecord {
  Lineage lineage;
  std::string issuer;
  std::string directory_url;
  std::vector<std::string> names;
  std::string order_url;  // empty: newOrder was sent and its answer is not known
  std::string finalize_url;
  WallTime created = 0;
  bool has_key = false;  // the private key lies beside the record
  std::vector<KeyAuthorizationRecord> key_authorizations;
};

// What became of a certificate, for people.
struct HistoryEvent {
  WallTime at = 0;
  std::string event;    // "issued", "renewed", "failed", "revoked", "imported"
  std::string issuer;   // its id; empty: none had to do with it
  std::string words{};  // of a failure: the CA's own
  // The same failure many times in a row is one event: how often, and since when.
  std::uint32_t times = 1;
  WallTime since = 0;  // 0: once
  bool operator==(const HistoryEvent&) const = default;
};
inline constexpr std::size_t kLongestHistory = 200;  // events of a lineage; the oldest go first

// The last time that the server was asked to reload for new certificates.
struct ReloadRecord {
  WallTime last = 0;       // 0: never
  std::uint32_t vain = 0;  // how many before it, in a row, did not help
};

// Something that somebody is to be told, and was not yet.
struct NoticeRecord {
  std::uint32_t number = 0;
  std::string target;  // who: NotifyConfig::id
  Event event = Event::failed;
  std::string subject;
  std::string json;  // what
};

// What was told already, so that it is not told again and again.
struct ToldRecord {
  std::string subject;
  std::string words;       // with what differs each time left out
  WallTime last = 0;       // when it was told
  std::uint32_t more = 0;  // times that it happened since, untold
};

struct NoticesRecord {
  std::vector<NoticeRecord> pending;
  std::vector<ToldRecord> told;
};

// A deploy program that has ended well for a certificate.
struct DeployedRecord {
  std::string program;  // DeployConfig::id
  Lineage lineage;
  std::string version;  // of the certificate
};

// How often in a row a deploy program was begun and has not ended well.
struct DeployTriesRecord {
  std::string program;
  std::uint32_t tries = 0;
  WallTime last = 0;
};

struct DeploysRecord {
  std::vector<DeployedRecord> deployed;
  std::vector<DeployTriesRecord> tries;
};

}  // namespace acme
