// What the keeper knows of each configured lineage: what is stored, what is
// under way, when it is tried next. Everything that changes it is written
// through to store and board at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "board/board.h"
#include "config/config.h"
#include "ipc/messages.h"
#include "ipc/trial.h"
#include "keeper/accounts.h"
#include "keeper/challenge_answers.h"
#include "keeper/dns_journal.h"
#include "keeper/key_maker.h"
#include "store/store.h"

namespace acme::keeper {

// What this server's own listeners were seen to show (keeper/shown.h).
struct Sighting {
  enum class State : std::uint8_t { current, other, no_handshake, unseen };
  State state = State::unseen;
  WallTime at = 0;
  std::string where;  // addresses
  std::string words;  // what was seen there instead
};

struct Managed {
  Lineage lineage;
  const CertificateConfig* config = nullptr;
  // Of a dry run: a configuration of its own. Nothing of it is stored or served.
  std::shared_ptr<const CertificateConfig> trial;
  Secret trial_key;          // PEM
  WallTime trial_until = 0;  // the end of what was issued; 0: nothing was
  std::uint32_t slot = 0;
  std::optional<VersionMeta> stored;
  ScheduleRecord schedule;
  std::optional<OrderRecord> order;
  PrivateKey order_key;           // once it was needed, so that it is read from PEM once
  bool presented = false;         // since this keeper started, or before by the journal
  std::string stage;              // what the agent says it is doing, for the status
  WallTime warned = 0;            // past its renewal point without a try
  std::optional<Millis> unread;   // since when what is stored cannot be read: no descriptor, …
  bool waits_for_reload = false;  // the board has not what is stored
  std::string served;             // SHA-256 of the certificate on the board, in hex; empty: none
  std::string served_before;      // of the one before it, where this keeper knows it
  std::optional<Sighting> sighting;
};

// When it is to be renewed; what no agent has planned yet, with a third of its life left.
WallTime renewal_due(const Managed& managed);

class Certificates {
 public:
  Certificates(const Env& env, Log& log, const Config& config, Store& store, Accounts& accounts,
               BoardWriter* board);

  // Journalled key authorizations first (they cannot wait), then what is stored.
  void restore_challenges();
  void restore_certificates();

  // The list of certificates is another one than before, and old pointers into it hang: what is
  // new is read from the store and published, what is gone is forgotten with its order.
  void follow_configuration();

  const std::map<Lineage, Managed>& all() const { return managed_; }
  // newOrder was signed for somebody, and its answer is not known yet.
  bool awaits_new_order() const;
  // The agent that would have told it is gone.
  void forget_unanswered();
  Managed* find(const Lineage& lineage);
  // Dry runs, too.
  Managed* find_ordered(const Lineage& lineage);
  // A dry run (keeper/trials.h): the steps of an order are those of every order, with a lineage
  // that has nothing in the store.
  Managed& begin_trial(const Lineage& lineage, CertificateConfig config);
  void end_trial(const Lineage& lineage);
  // Called before an order that is none is signed, and when the agent says that a dry run is over.
  std::function<void(const Managed&)> on_order;
  std::function<Outcome(const ipc::TrialDone&)> on_trial_done;
  ipc::LineageState state_of(const Managed& managed) const;
  // Lineages of a certificate by its id, or by a name that it carries.
  std::vector<Lineage> lineages_of(std::string_view name) const;

  // Something was read that the agent was told is not there: it must be told again.
  bool take_misinformed() { return std::exchange(misinformed_, false); }

  // Called when a certificate was installed (`first`: there was none before), and revoked.
  std::function<void(const Managed&, bool first)> on_installed;
  std::function<void(const Managed&)> on_revoked;
  // Called when workers have it.
  std::function<void(const Managed&)> on_served;

  // The steps of an order, as keeper/dispatch calls them.
  Result<std::string> sign_new_order(Managed& managed, const ipc::SignNewOrder& request);
  Outcome order_created(Managed& managed, const ipc::OrderCreated& request);
  // Nothing while the challenges' own key is being made: as sign_finalize.
  std::optional<Outcome> present(Managed& managed, const ipc::PresentChallenges& request);
  // What the agent is to set for the challenges that were presented (dns_challenges.cpp).
  ipc::WantedDnsRecords dns_records(const Managed& managed);
  // Only for an order of this issuer with challenges in DNS, or a record that one has left.
  Result<ipc::DnsSettings> dns_settings(const ipc::ReadDnsSettings& request);
  Outcome plan_dns_records(const ipc::PlanDnsRecords& request);
  DnsJournal& dns() { return dns_; }
  Result<std::string> sign_challenge(Managed& managed, const ipc::SignChallenge& request);
  // Nothing while the key is being made: asked again when it is there.
  std::optional<Result<std::string>> sign_finalize(Managed& managed,
                                                   const ipc::SignFinalize& request);
  Result<std::string> sign_deactivation(Managed& managed,
                                        const ipc::SignDeactivateAuthorization& request);
  Outcome install(Managed& managed, const ipc::InstallChain& request);
  // A certificate of another client's, checked already (adoption.cpp): stored and served.
  Outcome adopt(Managed& managed, Version version);
  void give_up(Managed& managed);
  Outcome save_schedule(Managed& managed, ScheduleRecord schedule);
  // What acmectl renew does without --force: nothing that is not due. When it is; 0: it is.
  WallTime not_due_before(const Managed& managed) const;
  // Nothing is tried before; 0: nothing is waited for, or only the planned renewal, which one that
  // was asked for early and failed leaves as it is.
  WallTime next_try(const Managed& managed) const;
  // acmectl renew: allows one immediate try.
  Outcome request_renewal(Managed& managed);
  // It was revoked at its CA; false: another version has taken its place.
  Result<bool> note_revoked(Managed& managed, const std::string& version, const std::string& reason,
                            bool order_anew);
  // The account has another key: what is on the board for its orders was of the old one.
  void renew_key_authorizations(std::string_view issuer);

  // Where activation is by reload: what is stored and not on the board. Until this
  // generation ends it can only become more.
  std::vector<const Managed*> waiting_for_reload() const;
  // Grows with each one that is left to a reload.
  std::uint64_t left_to_reload() const { return left_to_reload_; }
  bool has_orders() const;
  // The challenges' own key is there.
  void complete_answers();

  // Daily: a certificate past its renewal point that nobody tried to renew.
  void warn_of_neglect();
  // Just started: what became due while no server ran is no neglect yet.
  bool is_about_to_be_tried(const Managed& managed) const;

  // By the agent's word (renewal_info.cpp): seconds that our clock is ahead of a CA's, for those
  // where it is too much.
  void note_clock(const ipc::ClockState& state);
  const std::map<std::string, std::int64_t>& clocks_ahead() const { return clocks_ahead_; }

  KeyMaker& keys() { return keys_; }
  const KeyMaker& keys() const { return keys_; }

 private:
  std::string configuration_digest(const Managed& managed) const;
  static bool may_have_names(const Managed& managed, const std::vector<std::string>& names);
  static bool lacks_failed_names_only(const Managed& managed);
  void restore(Managed& managed);
  Outcome read_again(Managed& managed);
  bool is_current(const Managed& managed) const;
  bool order_still_fits(const Managed& managed, const OrderRecord& order) const;
  Outcome activate(Managed& managed, const Version& version);
  void note_served(Managed& managed, const std::string& leaf_der);
  Outcome order_of(const Managed& managed, std::string_view issuer) const;
  Result<OrderRecord> with_challenges(const Managed& managed,
                                      const ipc::PresentChallenges& request);
  Outcome show(Managed& managed, OrderRecord order);
  std::optional<Result<Secret>> order_key(Managed& managed);
  Outcome keep_order(const Managed& managed, const OrderRecord& order);
  Outcome keep_key(Managed& managed, const Secret& pem);
  Result<Secret> kept_key(const Managed& managed) const;
  Result<std::string> order_key_csr(Managed& managed, const Secret& pem);
  Result<Version> version_from(const Managed& managed, const std::vector<std::string>& chains);
  Result<Version> checked_version(const Managed& managed, std::string_view pem);
  void note_success(Managed& managed);
  std::string issuing_ca(const VersionMeta& stored) const;
  std::string replaced_by(const Managed& managed, const IssuerConfig& issuer);
  // For acmectl log (history.cpp).
  void note(const Managed& managed, const char* event, const std::string& issuer,
            const std::string& words = {});
  void note_failures(const Managed& managed, const ScheduleRecord& before);
  void bound_suggestion(AriRecord& ari, const Managed& managed, WallTime now) const;
  WallTime now_at(const std::string& issuer) const;
  void withdraw_challenges(Managed& managed);

  const Env& env_;
  const Millis began_ = env_.boottime();
  Log& log_;
  const Config& config_;
  Store& store_;
  Accounts& accounts_;
  BoardWriter* board_;  // null: no server (acme-keeper --once)
  KeyMaker keys_;
  ChallengeAnswers answers_;
  DnsJournal dns_;
  std::map<Lineage, Managed> managed_;
  std::map<Lineage, Managed> trials_;
  std::uint64_t left_to_reload_ = 0;
  bool misinformed_ = false;
  std::set<std::string> noted_;  // what an issuer's preferred chain lacks
  std::map<std::string, std::int64_t> clocks_ahead_;
};

}  // namespace acme::keeper
