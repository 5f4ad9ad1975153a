// The keeper's table: what the agent may ask, and what is answered. A request
// that is not in the table, or that does not decode, ends the agent; one that
// is not allowed now is refused in words.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"
#include "keeper/checks.h"
#include "keeper/errands.h"
#include "keeper/notices.h"
#include "keeper/shown.h"

namespace acme::keeper {

class Dispatch {
 public:
  using Send = std::function<void(ipc::Type type, std::uint32_t id, const Secret& payload)>;

  // `words`: where the agent's log lines go (AgentLog).
  Dispatch(Log& words, Accounts& accounts, Certificates& certificates, Errands& errands,
           Checks& checks, Notices& notices, Looks& looks, Send send)
      : words_(words),
        accounts_(accounts),
        certificates_(certificates),
        errands_(errands),
        checks_(checks),
        notices_(notices),
        looks_(looks),
        send_(std::move(send)) {}

  // An error is fatal for the agent that sent it.
  Outcome handle(const Frame& frame);
  // While the keeper ends: what a CA has done or said is still kept, for it cannot
  // be asked again; everything else is left unanswered.
  Outcome handle_last(const Frame& frame);
  // A key was finished: answers what waited for it.
  void key_is_ready(const Lineage& key);
  // The agent that asked is gone.
  void forget_waiting() { waiting_.clear(); }

  // The table's request types, for the test that goes through them one by one.
  static std::vector<ipc::Type> requests();

 private:
  struct Row;
  static const Row kTable[];
  // A request that waits for a key.
  struct Waiting {
    std::uint32_t id;
    Lineage lineage;  // whose order it is about
    Lineage key;
    std::function<void()> ask_again;
  };

  void reply(std::uint32_t id, const Outcome& outcome);
  void reply(std::uint32_t id, const Result<std::string>& outcome);
  Result<Managed*> managed(const Lineage& lineage);
  template <class Request>
  void wait(std::uint32_t id, const Request& request, const Lineage& key);
  void refuse_waiting(const Lineage& lineage, const char* why);

  void on(std::uint32_t id, const ipc::SignNewAccount& request);
  void on(std::uint32_t id, const ipc::SignNewOrder& request);
  void on(std::uint32_t id, const ipc::SignFetch& request);
  void on(std::uint32_t id, const ipc::SignChallenge& request);
  void on(std::uint32_t id, const ipc::SignFinalize& request);
  void on(std::uint32_t id, const ipc::SignDeactivateAuthorization& request);
  void on(std::uint32_t id, const ipc::SignAccountUpdate& request);
  void on(std::uint32_t id, const ipc::SignAccountDeactivation& request);
  void on(std::uint32_t id, const ipc::SignKeyChange& request);
  void on(std::uint32_t id, const ipc::SignKeyProbe& request);
  void on(std::uint32_t id, const ipc::SignRevocation& request);
  void on(std::uint32_t id, const ipc::ErrandDone& request);
  void on(std::uint32_t id, const ipc::DirectoryRead& request);
  void on(std::uint32_t id, const ipc::AccountCreated& request);
  void on(std::uint32_t id, const ipc::AccountLost& request);
  void on(std::uint32_t id, const ipc::HoldIssuer& request);
  void on(std::uint32_t id, const ipc::OrderCreated& request);
  void on(std::uint32_t id, const ipc::PresentChallenges& request);
  void on(std::uint32_t id, const ipc::InstallChain& request);
  void on(std::uint32_t id, const ipc::GiveUpOrder& request);
  void on(std::uint32_t id, const ipc::SaveSchedule& request);
  void on(std::uint32_t id, const ipc::SaveLimits& request);
  void on(std::uint32_t id, const ipc::ReadDnsSettings& request);
  void on(std::uint32_t id, const ipc::PlanDnsRecords& request);
  void on(std::uint32_t id, const ipc::NoteDnsRecord& request);
  void on(std::uint32_t id, const ipc::ForgetDnsRecord& request);
  void on(std::uint32_t id, const ipc::LogLine& request);
  void on(std::uint32_t id, const ipc::IssuerProgress& request);
  void on(std::uint32_t id, const ipc::Progress& request);
  void on(std::uint32_t id, const ipc::ClockState& request);
  void on(std::uint32_t id, const ipc::BeginProbe& request);
  void on(std::uint32_t id, const ipc::EndProbe& request);
  void on(std::uint32_t id, const ipc::CheckDone& request);
  void on(std::uint32_t id, const ipc::Happened& request);
  void on(std::uint32_t id, const ipc::NoticeDone& request);
  void on(std::uint32_t id, const ipc::LookDone& request);
  void on(std::uint32_t id, const ipc::TrialDone& request);

  template <class Request>
  static Outcome decode_and_call(Dispatch& self, const Frame& frame);

  Log& words_;
  Accounts& accounts_;
  Certificates& certificates_;
  Errands& errands_;
  Checks& checks_;
  Notices& notices_;
  Looks& looks_;
  Send send_;
  std::vector<Waiting> waiting_;  // one a lineage at most: an order has one step at a time
};

}  // namespace acme::keeper
