// What keeper and agent say to each other. The agent asks with typed intents;
// the keeper composes and signs every payload itself (keeper/dispatch has the
// table of what is allowed when). Each request is answered by one Reply with
// its id; what the keeper says of itself has id 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "base/dns_record.h"
#include "base/errand_kind.h"
#include "base/lineage.h"
#include "base/rate_limit.h"
#include "base/secret.h"

namespace acme::ipc {

enum class Type : std::uint16_t {
  // keeper → agent
  welcome = 1,
  renew_now = 2,
  reply = 3,
  errand = 8,
  check = 12,
  notice = 13,  // ipc/notice.h
  look = 14,    // ipc/shown.h
  trial = 15,   // ipc/trial.h
  // agent → keeper, answered with a signed body
  sign_new_account = 16,
  sign_new_order = 17,
  sign_fetch = 18,
  sign_challenge = 19,
  sign_finalize = 20,
  sign_deactivate_authorization = 21,
  sign_account_update = 24,
  sign_account_deactivation = 25,
  sign_key_change = 26,
  sign_key_probe = 27,
  sign_revocation = 28,
  // agent → keeper, answered with "done" or an error
  directory_read = 32,
  account_created = 33,
  account_lost = 34,
  order_created = 35,
  present_challenges = 36,
  install_chain = 37,
  give_up_order = 38,
  save_schedule = 39,
  hold_issuer = 40,
  save_limits = 41,
  errand_done = 44,
  read_dns_settings = 45,  // answered with them
  plan_dns_records = 46,
  note_dns_record = 47,
  forget_dns_record = 57,
  // agent → keeper, not answered
  log_line = 48,
  progress = 49,
  issuer_progress = 50,
  clock_state = 56,
  // agent → keeper, answered: looking at names (ipc/check.h)
  begin_probe = 60,
  end_probe = 61,
  check_done = 62,
  // agent → keeper, answered: what operators are told of (ipc/notice.h)
  happened = 70,
  notice_done = 71,
  // agent → keeper, answered: what the server shows (ipc/shown.h)
  look_done = 72,
  // agent → keeper, answered: a dry run is over (ipc/trial.h)
  trial_done = 73,
};

// What the keeper knows of one issuer at the start.
struct IssuerState {
  std::string issuer;
  std::string ca_certificates;  // PEM; empty: the system's
  std::string account_url;      // empty: not registered yet
  std::int64_t not_before = 0;  // the CA asked not to be called before
  bool has_key = false;         // of an account that the CA may know already
  SpentLimits spent = {};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.ca_certificates, self.account_url, self.not_before, self.has_key,
            self.spent);
  }
};

// Something to be done at a CA besides orders. The keeper signs what it takes for an errand
// that it has given, and for nothing else.
struct Errand {
  static constexpr Type kType = Type::errand;
  std::uint32_t number = 0;
  ErrandKind kind = ErrandKind::contact;
  std::string issuer;
  bool begun = false;  // by another agent, or before a crash: the CA may have done it already

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.kind, self.issuer, self.begun);
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
  std::string ari_issuer;     // of those configured now: the CA that issued it; empty: none
  std::string configuration;  // digest of what is configured now
  ScheduleRecord schedule;
  // An order under way.
  std::string order_issuer;  // empty: none
  std::string order_url;
  std::vector<std::string> order_names;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.stored, self.current, self.issuer, self.not_before, self.not_after,
            self.ari_id, self.ari_issuer, self.configuration, self.schedule, self.order_issuer,
            self.order_url, self.order_names);
  }
};

// What there is. One that comes later has the certificates that were added since, and is about
// nothing else.
struct Welcome {
  static constexpr Type kType = Type::welcome;
  std::string config;  // encode_config(reduced_for_agent(…))
  std::vector<IssuerState> issuers;
  std::vector<LineageState> lineages;
  std::vector<Errand> errands;
  std::vector<DnsRecord> dns_records = {};  // of the journal: they may stand in their zones yet

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.config, self.issuers, self.lineages, self.errands, self.dns_records);
  }
};

struct RenewNow {
  static constexpr Type kType = Type::renew_now;
  Lineage lineage;
  bool revoked = false;  // what is stored is of no use any more, however often it takes

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.revoked);
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
  bool only_existing = false;  // look whether the CA knows the key

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.url, self.nonce, self.only_existing);
  }
};

// A step of an errand.
template <Type type>
struct SignForErrand {
  static constexpr Type kType = type;
  std::uint32_t errand = 0;
  std::string url;
  std::string nonce;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errand, self.url, self.nonce);
  }
};
using SignAccountUpdate = SignForErrand<Type::sign_account_update>;
using SignAccountDeactivation = SignForErrand<Type::sign_account_deactivation>;
using SignKeyChange = SignForErrand<Type::sign_key_change>;
// Whether the CA knows the account's next key already.
using SignKeyProbe = SignForErrand<Type::sign_key_probe>;

struct SignRevocation {
  static constexpr Type kType = Type::sign_revocation;
  std::uint32_t errand = 0;
  std::string url;
  std::string nonce;
  bool by_certificate = false;  // with its own key, as the account may not

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errand, self.url, self.nonce, self.by_certificate);
  }
};

// How an errand ended.
struct ErrandDone {
  static constexpr Type kType = Type::errand_done;
  std::uint32_t errand = 0;
  bool done = false;     // at the CA
  bool refused = false;  // for good: else it may be tried again, and may even have been done
  std::string words;     // the CA's, where it was not done

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errand, self.done, self.refused, self.words);
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
  // The CA may be told which certificate this one replaces (RFC 9773); the keeper knows which.
  bool replaces = false;
  std::vector<std::string> names = {};  // sorted; empty: all of the certificate's

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.url, self.nonce, self.profile, self.replaces,
            self.names);
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
  std::string terms_of_service{};
  std::vector<std::string> caa_identities{};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.urls, self.terms_of_service, self.caa_identities);
  }
};

struct AccountCreated {
  static constexpr Type kType = Type::account_created;
  std::string issuer;
  std::string account_url;
  std::string terms_of_service;
  bool existed = false;  // the CA has found it by its key

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.account_url, self.terms_of_service, self.existed);
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

// The CA asked not to be called before `until`, whatever for.
struct HoldIssuer {
  static constexpr Type kType = Type::hold_issuer;
  std::string issuer;
  std::int64_t until = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.until);
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
  std::vector<std::string> issuer_domain_names = {};  // of dns-persist-01, which has no token

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.identifier, self.token, self.type, self.issuer_domain_names);
  }
};

// Answered when workers can answer the CA, with the TXT records that the agent is to set
// (encode(WantedDnsRecords), nothing where there are none). Also begins the making of the key.
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

struct WantedDnsRecords {
  struct Record {
    std::string identifier;  // "example.com", also of a wildcard
    std::string name;        // where the CA looks: "_acme-challenge.example.com"
    std::string value;
    bool persistent = false;          // the operator's (dns-persist-01): looked for, not set
    std::string key_authorization{};  // that the value is made of; empty where it is not

    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.identifier, self.name, self.value, self.persistent, self.key_authorization);
    }
  };
  std::vector<Record> records;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.records);
  }
};

// The settings of one of an issuer's DNS providers, secrets among them, as their files are now.
struct ReadDnsSettings {
  static constexpr Type kType = Type::read_dns_settings;
  std::string issuer;
  std::uint32_t provider = 0;  // as they are configured, from 0

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.provider);
  }
};
struct DnsSettings {  // what it is answered with
  struct Setting {
    std::string key;
    Secret value;

    template <class Self, class Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.key, self.value);
    }
  };
  std::vector<Setting> settings;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.settings);
  }
};

// Before they are set. One that is planned already stays as it is.
struct PlanDnsRecords {
  static constexpr Type kType = Type::plan_dns_records;
  std::vector<DnsRecord> records;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.records);
  }
};

// The provider's own id of a record that was planned, and is set now.
struct NoteDnsRecord {
  static constexpr Type kType = Type::note_dns_record;
  std::string name;
  std::string value;
  std::string id;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.value, self.id);
  }
};

// It is removed.
struct ForgetDnsRecord {
  static constexpr Type kType = Type::forget_dns_record;
  std::string name;
  std::string value;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.value);
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

// This machine's clock and that of a CA disagree by more than an hour, or do so no more.
struct ClockState {
  static constexpr Type kType = Type::clock_state;
  std::string issuer;
  std::int64_t ahead = 0;  // seconds that ours is ahead of the CA's; 0: they agree

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.ahead);
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
