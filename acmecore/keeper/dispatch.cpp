#include "keeper/dispatch.h"

#include <algorithm>

#include "base/archive.h"
#include "base/text.h"

namespace acme::keeper {
namespace {

// Several chains of the largest size. A list of empty items takes many times
// the room of its bytes, so there is no more of them than that.
constexpr std::size_t kLargestRequest = 2 * 1024 * 1024;

}  // namespace

struct Dispatch::Row {
  ipc::Type type;
  Outcome (*call)(Dispatch&, const Frame&);
};

template <class Request>
Outcome Dispatch::decode_and_call(Dispatch& self, const Frame& frame) {
  ACME_TRY(Request request, decode<Request>(frame.payload.view()));
  self.on(frame.id, request);
  return {};
}

#define ACME_ROW(request) \
  { ipc::request::kType, &Dispatch::decode_and_call<ipc::request> }
// What must be true first stands in Certificates and Accounts, beside the act:
//
//   everything that is signed     https URL within the directory's origins, base64url nonce
//   sign_new_account              configured issuer
//   sign_new_order                issuer of this certificate, account, room on disk, no order;
//                                 some of the names only where it may be partial
//   sign_fetch                    account
//   sign_challenge                an order under way whose challenges workers can answer
//   sign_finalize                 an order under way, its own finalize URL; key on disk first
//   sign_deactivate_authorization an order under way, nothing that may be the account's URL
//   sign_account_update           an errand for other contacts; the account's URL
//   sign_account_deactivation     an errand of the operator's for that; the account's URL
//   sign_key_change, _key_probe   an errand for another key, of the operator's or because another
//                                 one is configured; the new key on disk first
//   sign_revocation               an errand of the operator's for that, and still this certificate
//   errand_done                   an errand; as done only what was signed for
//   directory_read                configured issuer, https URLs, not many
//   account_created               newAccount was signed
//   account_lost                  there is an account, and it was not lost a minute ago
//   hold_issuer                   configured issuer; a day at most
//   order_created                 newOrder was signed for this lineage and issuer
//   present_challenges            an order under way, names of the certificate, each one once,
//                                 a configured type, no other order's tls-alpn-01 for that name
//   read_dns_settings             a provider of a configured issuer, that has an order under way
//   with
//                                 challenges in DNS, or a record in the journal
//   plan_dns_records              values of challenges that are presented; names, sizes and number
//                                 bounded
//   note_, forget_dns_record      a record in the journal
//   install_chain                 a finalized order; the chain passes every check
//   give_up_order, save_schedule  configured lineage; what is saved is bounded
//   save_limits                   configured issuer; bounded
//   begin_probe                   configured lineage; not many at a time
//   end_probe                     a token that begin_probe gave
//   check_done                    the operator has asked, for these names; bounded
//   happened                      a failure, of a configured lineage at a configured issuer
//   notice_done                   a notice that waits
//   look_done                     a look that is under way; of each of its listeners one thing
//   trial_done                    a dry run that is under way; as good only what was checked
//   log_line, progress, issuer_progress
//                                 escaped, bounded, not answered
//   clock_state                   configured issuer, bounded, not answered
const Dispatch::Row Dispatch::kTable[] = {
    ACME_ROW(SignNewAccount), ACME_ROW(SignNewOrder),      ACME_ROW(SignFetch),
    ACME_ROW(SignChallenge),  ACME_ROW(SignFinalize),      ACME_ROW(SignDeactivateAuthorization),
    ACME_ROW(DirectoryRead),  ACME_ROW(AccountCreated),    ACME_ROW(AccountLost),
    ACME_ROW(OrderCreated),   ACME_ROW(PresentChallenges), ACME_ROW(InstallChain),
    ACME_ROW(GiveUpOrder),    ACME_ROW(SaveSchedule),      ACME_ROW(LogLine),
    ACME_ROW(SaveLimits),     ACME_ROW(Progress),          ACME_ROW(IssuerProgress),
    ACME_ROW(ClockState),     ACME_ROW(HoldIssuer),        ACME_ROW(SignAccountUpdate),
    ACME_ROW(SignKeyChange),  ACME_ROW(SignKeyProbe),      ACME_ROW(SignAccountDeactivation),
    ACME_ROW(SignRevocation), ACME_ROW(ErrandDone),        ACME_ROW(ReadDnsSettings),
    ACME_ROW(PlanDnsRecords), ACME_ROW(NoteDnsRecord),     ACME_ROW(ForgetDnsRecord),
    ACME_ROW(BeginProbe),     ACME_ROW(EndProbe),          ACME_ROW(CheckDone),
    ACME_ROW(Happened),       ACME_ROW(NoticeDone),        ACME_ROW(LookDone),
    ACME_ROW(TrialDone),
};
#undef ACME_ROW

std::vector<ipc::Type> Dispatch::requests() {
  std::vector<ipc::Type> out;
  for (const Row& row : kTable) out.push_back(row.type);
  return out;
}

Outcome Dispatch::handle(const Frame& frame) {
  if (frame.payload.size() > kLargestRequest) {
    // No reason to end an agent that has other certificates at heart, too.
    reply(frame.id, Outcome(fail(Errc::refused, "a request of over 2 MiB")));
    return {};
  }
  for (const Row& row : kTable)
    if (static_cast<std::uint16_t>(row.type) == frame.type) return row.call(*this, frame);
  return fail(Errc::refused, "request " + std::to_string(frame.type) + " is not in the table");
}

Outcome Dispatch::handle_last(const Frame& frame) {
  switch (static_cast<ipc::Type>(frame.type)) {
    case ipc::Type::account_created:
    case ipc::Type::order_created:
    case ipc::Type::save_schedule:
    case ipc::Type::hold_issuer:
    case ipc::Type::save_limits:
    case ipc::Type::note_dns_record:
    case ipc::Type::forget_dns_record:
      return handle(frame);
    default:
      return {};
  }
}

void Dispatch::reply(std::uint32_t id, const Result<std::string>& outcome) {
  ipc::Reply reply;
  reply.ok = static_cast<bool>(outcome);
  reply.code = outcome ? 0 : static_cast<std::int32_t>(outcome.error().code);
  reply.text = outcome ? *outcome : outcome.error().message;
  send_(ipc::Type::reply, id, encode(reply));
}

void Dispatch::reply(std::uint32_t id, const Outcome& outcome) {
  if (outcome) return reply(id, Result<std::string>(std::string()));
  reply(id, Result<std::string>(outcome.error()));
}

Result<Managed*> Dispatch::managed(const Lineage& lineage) {
  if (Managed* found = certificates_.find_ordered(lineage)) return found;
  // The key type may be any number, and has a name only where it is one of ours.
  return fail(Errc::refused, printable(lineage.certificate) + " is not configured so");
}

void Dispatch::on(std::uint32_t id, const ipc::SignNewAccount& request) {
  reply(id, accounts_.sign_registration(request.issuer, request.url, request.nonce,
                                        request.only_existing));
}

void Dispatch::on(std::uint32_t id, const ipc::SignFetch& request) {
  reply(id, accounts_.sign(request.issuer, request.url, request.nonce, ""));
}

void Dispatch::on(std::uint32_t id, const ipc::SignNewOrder& request) {
  auto found = managed(request.lineage);
  reply(id, found ? certificates_.sign_new_order(**found, request) : found.error());
}

void Dispatch::on(std::uint32_t id, const ipc::SignChallenge& request) {
  auto found = managed(request.lineage);
  reply(id, found ? certificates_.sign_challenge(**found, request) : found.error());
}

void Dispatch::on(std::uint32_t id, const ipc::SignDeactivateAuthorization& request) {
  auto found = managed(request.lineage);
  reply(id, found ? certificates_.sign_deactivation(**found, request) : found.error());
}

void Dispatch::on(std::uint32_t id, const ipc::SignFinalize& request) {
  auto found = managed(request.lineage);
  if (!found) return reply(id, Outcome(found.error()));
  auto body = certificates_.sign_finalize(**found, request);
  if (body) return reply(id, *body);
  wait(id, request, request.lineage);
}

template <class Request>
void Dispatch::wait(std::uint32_t id, const Request& request, const Lineage& key) {
  refuse_waiting(request.lineage, "something else was asked meanwhile");
  waiting_.push_back({id, request.lineage, key, [this, id, request] { on(id, request); }});
}

void Dispatch::refuse_waiting(const Lineage& lineage, const char* why) {
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.lineage != lineage) return false;
    reply(waiting.id, Outcome(fail(Errc::refused, why)));
    return true;
  });
}

void Dispatch::key_is_ready(const Lineage& key) {
  std::vector<Waiting> ready;
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (waiting.key != key) return false;
    ready.push_back(std::move(waiting));
    return true;
  });
  for (const Waiting& waiting : ready) waiting.ask_again();
  if (key == ChallengeAnswers::kKey) certificates_.complete_answers();
}

void Dispatch::on(std::uint32_t id, const ipc::DirectoryRead& request) {
  auto allowed = accounts_.allow_origins(request.issuer, request.urls);
  if (allowed) accounts_.see_terms(request.issuer, request.terms_of_service);
  if (allowed) accounts_.see_identities(request.issuer, request.caa_identities);
  reply(id, allowed);
}

void Dispatch::on(std::uint32_t id, const ipc::AccountCreated& request) {
  auto created = accounts_.created(request.issuer, request.account_url, request.terms_of_service,
                                   request.existed);
  reply(id, created);
  if (created) errands_.look(request.issuer);
}

void Dispatch::on(std::uint32_t id, const ipc::SignAccountUpdate& request) {
  reply(id, errands_.sign(request));
}

void Dispatch::on(std::uint32_t id, const ipc::SignAccountDeactivation& request) {
  reply(id, errands_.sign(request));
}

void Dispatch::on(std::uint32_t id, const ipc::SignKeyChange& request) {
  reply(id, errands_.sign(request));
}

void Dispatch::on(std::uint32_t id, const ipc::SignKeyProbe& request) {
  reply(id, errands_.sign(request));
}

void Dispatch::on(std::uint32_t id, const ipc::SignRevocation& request) {
  reply(id, errands_.sign(request));
}

void Dispatch::on(std::uint32_t id, const ipc::ErrandDone& request) {
  reply(id, errands_.done(request));
}

void Dispatch::on(std::uint32_t id, const ipc::AccountLost& request) {
  reply(id, accounts_.lost(request.issuer));
}

void Dispatch::on(std::uint32_t id, const ipc::HoldIssuer& request) {
  reply(id, accounts_.hold(request.issuer, request.until));
}

void Dispatch::on(std::uint32_t id, const ipc::OrderCreated& request) {
  auto found = managed(request.lineage);
  reply(id, found ? certificates_.order_created(**found, request) : Outcome(found.error()));
}

void Dispatch::on(std::uint32_t id, const ipc::PresentChallenges& request) {
  auto found = managed(request.lineage);
  if (!found) return reply(id, Outcome(found.error()));
  auto done = certificates_.present(**found, request);
  if (!done) return wait(id, request, ChallengeAnswers::kKey);
  if (!*done) return reply(id, *done);
  const ipc::WantedDnsRecords wanted = certificates_.dns_records(**found);
  if (wanted.records.empty()) return reply(id, Outcome());
  reply(id, Result<std::string>(std::string(encode(wanted).view())));
}

void Dispatch::on(std::uint32_t id, const ipc::InstallChain& request) {
  auto found = managed(request.lineage);
  if (!found) return reply(id, Outcome(found.error()));
  if (auto done = certificates_.install(**found, request); !done) return reply(id, done);
  Secret state = encode(certificates_.state_of(**found));
  reply(id, Result<std::string>(std::string(state.view())));
}

void Dispatch::on(std::uint32_t id, const ipc::GiveUpOrder& request) {
  auto found = managed(request.lineage);
  if (!found) return reply(id, Outcome(found.error()));
  refuse_waiting(request.lineage, "the order was given up");
  certificates_.give_up(**found);
  reply(id, Outcome());
}

void Dispatch::on(std::uint32_t id, const ipc::SaveSchedule& request) {
  auto found = managed(request.lineage);
  reply(id,
        found ? certificates_.save_schedule(**found, request.schedule) : Outcome(found.error()));
}

void Dispatch::on(std::uint32_t id, const ipc::SaveLimits& request) {
  reply(id, accounts_.save_limits(request.issuer, request.spent));
}

void Dispatch::on(std::uint32_t id, const ipc::ReadDnsSettings& request) {
  auto settings = certificates_.dns_settings(request);
  if (!settings) return reply(id, Outcome(settings.error()));
  reply(id, Result<std::string>(std::string(encode(*settings).view())));
}

void Dispatch::on(std::uint32_t id, const ipc::PlanDnsRecords& request) {
  reply(id, certificates_.plan_dns_records(request));
}

void Dispatch::on(std::uint32_t id, const ipc::NoteDnsRecord& request) {
  reply(id, certificates_.dns().note(request.name, request.value, request.id));
}

void Dispatch::on(std::uint32_t id, const ipc::ForgetDnsRecord& request) {
  reply(id, certificates_.dns().forget(request.name, request.value));
}

void Dispatch::on(std::uint32_t, const ipc::IssuerProgress& request) {
  accounts_.set_stage(request.issuer, request.stage);
}

void Dispatch::on(std::uint32_t, const ipc::LogLine& request) {
  auto level = static_cast<Level>(std::clamp(request.level, 3, 7));
  words_.write(level, request.line);
}

void Dispatch::on(std::uint32_t, const ipc::Progress& request) {
  if (Managed* found = certificates_.find(request.lineage)) found->stage = printable(request.stage);
}

void Dispatch::on(std::uint32_t, const ipc::ClockState& request) {
  certificates_.note_clock(request);
}

void Dispatch::on(std::uint32_t id, const ipc::BeginProbe& request) {
  auto found = managed(request.lineage);
  reply(id, found ? checks_.begin_probe() : found.error());
}

void Dispatch::on(std::uint32_t id, const ipc::EndProbe& request) {
  reply(id, checks_.end_probe(request.token));
}

void Dispatch::on(std::uint32_t id, const ipc::Happened& request) {
  reply(id, notices_.happened(request));
}

void Dispatch::on(std::uint32_t id, const ipc::NoticeDone& request) {
  reply(id, notices_.done(request));
}

void Dispatch::on(std::uint32_t id, const ipc::LookDone& request) {
  reply(id, looks_.done(request));
}

void Dispatch::on(std::uint32_t id, const ipc::TrialDone& request) {
  reply(id, certificates_.on_trial_done
                ? certificates_.on_trial_done(request)
                : Outcome(fail(Errc::refused, "nobody has asked for that")));
}

void Dispatch::on(std::uint32_t id, const ipc::CheckDone& request) {
  reply(id, checks_.done(request));
}

}  // namespace acme::keeper
