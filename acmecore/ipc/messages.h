// What keeper and agent say to each other. The agent asks with typed intents;
// the keeper composes and signs every payload itself (keeper/dispatch has the
// table of what is allowed when). Each request is answered by one Reply with
// its id; what the keeper says of itself has id 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "base/lineage.h"
#include "base/rate_limit.h"
#include "base/secret.h"

namespace acme::ipc {

enum class Type : std::uint16_t {
  // keeper → agent
  welcome = 1,
  renew_now = 2,
  reply = 3,
  // agent → keeper, answered with a signed body
  sign_new_account = 16,
  sign_new_order = 17,
  sign_fetch = 18,
  sign_challenge = 19,
  sign_finalize = 20,
  sign_deactivate_authorization = 21,
  // agent → keeper, answered with "done" or an error
  directory_read = 32,
  account_created = 33,
  account_lost = 34,
  order_created = 35,
  present_challenges = 36,
  install_chain = 37,
  give_up_order = 38,
  save_schedule = 39,
  save_limits = 44,
  // agent → keeper, not answered
  log_line = 48,
  progress = 49,
  issuer_progress = 50,
};

// What the keeper knows of one issuer at the start.
struct IssuerState {
  std::string issuer;
  std::string ca_certificates;  // PEM; empty: the system's
  std::string account_url;      // empty: not registered yet
  std::int64_t not_before = 0;  // the CA asked not to be called before
  SpentLimits spent = {};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.ca_certificates, self.account_url, self.not_before, self.spent);
  }
};

// A configured lineage: what is stored, and when it is due.
struct LineageState {
  Lineage lineage;
  bool stored = false;   // a certificate is there (perhaps expired)
  bool current = false;  // and it is for today's names, key type and directory URL
  std::string issuer;    // of the stored certificate
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  std::string ari_id;
  std::string configuration;  // digest of what is configured now
  ScheduleRecord schedule;
  // An order under way.
  std::string order_issuer;  // empty: none
  std::string order_url;
  std::vector<std::string> order_names;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.stored, self.current, self.issuer, self.not_before, self.not_after,
            self.ari_id, self.configuration, self.schedule, self.order_issuer, self.order_url,
            self.order_names);
  }
};

struct Welcome {
  static constexpr Type kType = Type::welcome;
  std::string config;  // encode_config(reduced_for_agent(…))
  std::vector<IssuerState> issuers;
  std::vector<LineageState> lineages;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.config, self.issuers, self.lineages);
  }
};

struct RenewNow {
  static constexpr Type kType = Type::renew_now;
  Lineage lineage;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage);
  }
};

struct Reply {
  static constexpr Type kType = Type::reply;
  bool ok = false;
  std::int32_t code = 0;  // Errc, when not ok
  std::string text;       // the signed body, or the error in words

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.ok, self.code, self.text);
  }
};

struct SignNewAccount {
  static constexpr Type kType = Type::sign_new_account;
  std::string issuer;
  std::string url;
  std::string nonce;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.url, self.nonce);
  }
};

// A challenge, finalize, an authorization's deactivation: all in the name of one
// lineage and one issuer.
template <Type type>
struct SignForOrder {
  static constexpr Type kType = type;
  Lineage lineage;
  std::string issuer;
  std::string url;
  std::string nonce;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.url, self.nonce);
  }
};
using SignChallenge = SignForOrder<Type::sign_challenge>;
using SignFinalize = SignForOrder<Type::sign_finalize>;
using SignDeactivateAuthorization = SignForOrder<Type::sign_deactivate_authorization>;

struct SignNewOrder {
  static constexpr Type kType = Type::sign_new_order;
  Lineage lineage;
  std::string issuer;
  std::string url;
  std::string nonce;
  std::string profile = {};  // the configured one, or none where the CA does not list it
  std::vector<std::string> names = {};  // sorted; empty: all of the certificate's

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.url, self.nonce, self.profile, self.names);
  }
};

// POST-as-GET: orders, authorizations, certificates.
struct SignFetch {
  static constexpr Type kType = Type::sign_fetch;
  std::string issuer;
  std::string url;
  std::string nonce;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.url, self.nonce);
  }
};

// The origins that the issuer's directory listed: signing stays within them.
struct DirectoryRead {
  static constexpr Type kType = Type::directory_read;
  std::string issuer;
  std::vector<std::string> urls;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.urls);
  }
};

struct AccountCreated {
  static constexpr Type kType = Type::account_created;
  std::string issuer;
  std::string account_url;
  std::string terms_of_service;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.account_url, self.terms_of_service);
  }
};

struct AccountLost {
  static constexpr Type kType = Type::account_lost;
  std::string issuer;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer);
  }
};

struct OrderCreated {
  static constexpr Type kType = Type::order_created;
  Lineage lineage;
  std::string issuer;
  std::string order_url;
  std::string finalize_url;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.order_url, self.finalize_url);
  }
};

struct PresentedChallenge {
  std::string identifier;
  std::string token;
  ChallengeType type = ChallengeType::http01;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.identifier, self.token, self.type);
  }
};

// Answered when workers can answer the CA. Also begins the making of the key.
struct PresentChallenges {
  static constexpr Type kType = Type::present_challenges;
  Lineage lineage;
  std::string issuer;
  std::vector<PresentedChallenge> challenges;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.challenges);
  }
};

// The default chain first, then the alternates. Answered when the certificate
// is stored, and served or left to the server's next reload; an error says which check failed. The
// new lineage state stands in the answer (encode(LineageState)).
struct InstallChain {
  static constexpr Type kType = Type::install_chain;
  Lineage lineage;
  std::string issuer;
  std::vector<std::string> chains;  // PEM

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.chains);
  }
};

// Challenges are withdrawn and the journal's entry is dropped.
struct GiveUpOrder {
  static constexpr Type kType = Type::give_up_order;
  Lineage lineage;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage);
  }
};

struct SaveSchedule {
  static constexpr Type kType = Type::save_schedule;
  Lineage lineage;
  ScheduleRecord schedule;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.schedule);
  }
};

// What has been spent of an issuer's rate limits.
struct SaveLimits {
  static constexpr Type kType = Type::save_limits;
  std::string issuer;
  SpentLimits spent;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.spent);
  }
};

struct LogLine {
  static constexpr Type kType = Type::log_line;
  std::int32_t level = 0;
  std::string line;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.level, self.line);
  }
};

// For the status: "ordering", "validating", "finalizing", "waiting for the CA until …".
struct Progress {
  static constexpr Type kType = Type::progress;
  Lineage lineage;
  std::string stage;  // empty: nothing is under way

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.stage);
  }
};

// The same for all that wait for one issuer; empty: nobody does.
struct IssuerProgress {
  static constexpr Type kType = Type::issuer_progress;
  std::string issuer;
  std::string stage;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.stage);
  }
};

}  // namespace acme::ipc
