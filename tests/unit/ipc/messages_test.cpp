// Every message of keeper, agent and acmectl: what is written is read back,
// and whatever is cut, bent or invented is refused.
#include "ipc/messages.h"

#include <random>

#include "base/archive.h"
#include "ipc/check.h"
#include "ipc/control.h"
#include "ipc/import.h"
#include "ipc/notice.h"
#include "ipc/shown.h"
#include "unit/check.h"

using namespace acme;

namespace {

ScheduleRecord schedule() {
  ScheduleRecord record;
  record.renew_at = 1;
  record.next_try = 2;
  record.last_try = -3;
  record.retry_after = 4;
  record.failures = 5;
  record.last_error = "six";
  record.last_error_at = 7;
  record.configuration = "eight";
  record.renewal_requested = true;
  record.failed_validations = {9, 10};
  record.failed_challenges = {{"a.example", ChallengeType::tlsalpn01, 11}};
  record.issuer = "other";
  record.failing_since = 12;
  record.left = {{"first", 13, 14, 15, 16, true, true, "seventeen", 18}};
  record.failed_names = {{"a.example", 19, 20, "twenty-one"}};
  return record;
}

const Lineage kLineage{"example.com", KeyType::rsa2048};

ipc::LineageState lineage_state() {
  ipc::LineageState state;
  state.lineage = kLineage;
  state.stored = true;
  state.current = true;
  state.issuer = "letsencrypt";
  state.not_before = 100;
  state.not_after = 200;
  state.ari_id = "aki.serial";
  state.ari_issuer = "letsencrypt";
  state.schedule.ari.id = "aki.serial";
  state.configuration = "digest";
  state.schedule = schedule();
  state.order_issuer = "letsencrypt-staging";
  state.order_url = "https://ca.example/order/1";
  return state;
}

ipc::Welcome welcome() {
  ipc::Welcome out;
  out.config = std::string("\0config", 7);
  out.issuers = {{"letsencrypt", "PEM", "https://ca.example/acct/1", 5}, {"other", "", "", 0}};
  out.lineages = {lineage_state(), {}};
  return out;
}

// Written, read and written again it is the same; cut or with a tail it is refused.
template <class Message>
Message round_trip(const Message& message) {
  std::string bytes(encode(message).view());
  Message again = REQUIRE_OK(decode<Message>(bytes));
  CHECK_EQ(std::string(encode(again).view()), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_ERROR(decode<Message>(bytes.substr(0, size)), Errc::protocol);
  REQUIRE_ERROR(decode<Message>(bytes + '\0'), Errc::protocol);
  return again;
}

template <class Message>
void survive(const Message& message, std::mt19937& random) {
  std::string whole(encode(message).view());
  for (int i = 0; i < 300; ++i) {
    std::string bent = whole;
    for (int n = 1 + static_cast<int>(random() % 3); n > 0; --n)
      bent[random() % bent.size()] = static_cast<char>(random());
    (void)decode<Message>(bent);
  }
}

}  // namespace

TEST(the_welcome_carries_all_that_the_agent_must_know) {
  ipc::Welcome again = round_trip(welcome());
  CHECK_EQ(again.config, std::string_view("\0config", 7));
  CHECK_EQ(again.issuers.at(0).account_url, "https://ca.example/acct/1");
  CHECK_EQ(again.issuers.at(0).not_before, 5);
  const ipc::LineageState& state = again.lineages.at(0);
  CHECK(state.lineage == kLineage);
  CHECK(state.stored && state.current);
  CHECK_EQ(state.order_url, "https://ca.example/order/1");
  CHECK_EQ(state.schedule.last_try, -3);
  CHECK_EQ(state.schedule.failures, 5);
  CHECK(state.schedule.renewal_requested);
  CHECK_EQ(state.schedule.failed_validations, (std::vector<WallTime>{9, 10}));
  CHECK(state.schedule.failed_challenges == schedule().failed_challenges);
  CHECK(!again.lineages.at(1).stored);
}

TEST(signing_requests_name_lineage_issuer_url_and_nonce) {
  ipc::SignNewOrder again =
      round_trip(ipc::SignNewOrder{kLineage, "issuer", "https://ca.example/new-order", "nonce"});
  CHECK(again.lineage == kLineage);
  CHECK_EQ(again.issuer, "issuer");
  CHECK_EQ(again.url, "https://ca.example/new-order");
  CHECK_EQ(again.nonce, "nonce");
  round_trip(ipc::SignChallenge{kLineage, "i", "u", "n"});
  round_trip(ipc::SignFinalize{kLineage, "i", "u", "n"});
  round_trip(ipc::SignDeactivateAuthorization{kLineage, "i", "u", "n"});
  CHECK_EQ(round_trip(ipc::SignNewAccount{"i", "u", "n"}).url, "u");
  CHECK_EQ(round_trip(ipc::SignFetch{"i", "u", "n"}).nonce, "n");
}

TEST(the_other_messages_arrive_as_they_were_sent) {
  CHECK(round_trip(ipc::RenewNow{kLineage}).lineage == kLineage);
  ipc::Reply reply = round_trip(ipc::Reply{false, -9, "not now"});
  CHECK(!reply.ok);
  CHECK_EQ(reply.code, -9);
  CHECK_EQ(reply.text, "not now");
  CHECK_EQ(round_trip(ipc::DirectoryRead{"i", {"u1", "u2"}}).urls.size(), 2);
  CHECK_EQ(round_trip(ipc::AccountCreated{"i", "u", "t"}).terms_of_service, "t");
  CHECK_EQ(round_trip(ipc::AccountLost{"i"}).issuer, "i");
  CHECK_EQ(round_trip(ipc::HoldIssuer{"i", 7}).until, 7);
  CHECK_EQ(round_trip(ipc::OrderCreated{kLineage, "i", "o", "f"}).finalize_url, "f");
  ipc::PresentChallenges present{
      kLineage, "i", {{"a.example", "t1"}, {"b.example", "t2", ChallengeType::tlsalpn01}}};
  CHECK_EQ(round_trip(present).challenges.at(1).token, "t2");
  CHECK(round_trip(present).challenges.at(1).type == ChallengeType::tlsalpn01);
  CHECK_EQ(round_trip(ipc::InstallChain{kLineage, "i", {"PEM", "alternate"}}).chains.size(), 2);
  CHECK(round_trip(ipc::GiveUpOrder{kLineage}).lineage == kLineage);
  CHECK_EQ(round_trip(ipc::SaveSchedule{kLineage, schedule()}).schedule.last_error, "six");
  CHECK_EQ(round_trip(ipc::Notice{7, "t", Event::revoked, "s", "{}"}).json, "{}");
  CHECK_EQ(round_trip(ipc::Happened{Event::failed, kLineage, "i", "w", "u", 8, true}).next_try, 8);
  CHECK_EQ(round_trip(ipc::NoticeDone{9}).number, 9);
  CHECK_EQ(round_trip(ipc::LogLine{-4, "line\n"}).level, -4);
  CHECK_EQ(round_trip(ipc::Progress{kLineage, "validating"}).stage, "validating");
}

TEST(what_dns_needs_arrives_as_it_was_sent) {
  ipc::WantedDnsRecords wanted;
  wanted.records = {{"example.com", "_acme-challenge.example.com", "value", true, "key"}};
  CHECK_EQ(round_trip(wanted).records.at(0).key_authorization, "key");
  CHECK_EQ(round_trip(ipc::ReadDnsSettings{"i", 2}).provider, 2);
  ipc::DnsSettings settings;
  settings.settings.push_back({"token", Secret(std::string_view("secret"))});
  CHECK_EQ(round_trip(settings).settings.at(0).value.view(), "secret");
  ipc::PlanDnsRecords plan;
  plan.records.resize(2);
  plan.records[1].value = "v";
  CHECK_EQ(round_trip(plan).records.at(1).value, "v");
  CHECK_EQ(round_trip(ipc::NoteDnsRecord{"n", "v", "id"}).id, "id");
  CHECK_EQ(round_trip(ipc::ForgetDnsRecord{"n", "v"}).value, "v");
}

TEST(looks_at_names_arrive_as_they_were_sent) {
  CHECK_EQ(round_trip(ipc::Check{3, kLineage, {"a.example"}}).names.at(0), "a.example");
  ipc::CheckDone done{3, "i", {{"a.example", {{"CAA", ipc::Verdict::bad, "no"}}}}};
  CHECK_EQ(round_trip(done).names.at(0).sights.at(0).words, "no");
  CHECK(round_trip(ipc::BeginProbe{kLineage}).lineage == kLineage);
  CHECK_EQ(round_trip(ipc::EndProbe{"token"}).token, "token");
}

TEST(what_is_shown_arrives_as_it_was_sent) {
  ipc::Look look = round_trip(
      ipc::Look{4, "a.example", ipc::KeyFamily::rsa, {{"[::1]:443", true}, {"unix:/s"}}});
  CHECK_EQ(look.number, 4);
  CHECK_EQ(look.name, "a.example");
  CHECK(look.family == ipc::KeyFamily::rsa);
  CHECK(look.listeners.at(0) == (Listener{"[::1]:443", true}));
  ipc::LookDone done =
      round_trip(ipc::LookDone{4, {{ipc::Shown::What::no_answer, "digest", "words"}}});
  CHECK(done.shown.at(0).what == ipc::Shown::What::no_answer);
  CHECK_EQ(done.shown.at(0).digest, "digest");
  CHECK_EQ(done.shown.at(0).words, "words");
}

TEST(what_is_imported_arrives_as_it_was_sent) {
  ipc::Import import;
  import.dry_run = true;
  import.accounts.push_back({"d", "a", Secret(std::string_view("key"))});
  import.certificates.push_back({"n", "d", "a", "chain", Secret(std::string_view("key"))});
  ipc::Import again = round_trip(import);
  CHECK(again.dry_run);
  CHECK_EQ(again.accounts.at(0).key_pem.view(), "key");
  CHECK_EQ(again.certificates.at(0).chain_pem, "chain");
}

TEST(errands_arrive_as_they_were_sent) {
  ipc::Errand errand = round_trip(ipc::Errand{7, ErrandKind::revocation, "i", true});
  CHECK_EQ(errand.number, 7);
  CHECK(errand.kind == ErrandKind::revocation && errand.begun);
  CHECK_EQ(errand.issuer, "i");
  CHECK_EQ(round_trip(ipc::SignKeyChange{7, "u", "n"}).errand, 7);
  CHECK_EQ(round_trip(ipc::SignKeyProbe{7, "u", "n"}).url, "u");
  CHECK_EQ(round_trip(ipc::SignAccountUpdate{7, "u", "n"}).nonce, "n");
  CHECK_EQ(round_trip(ipc::SignAccountDeactivation{7, "u", "n"}).errand, 7);
  CHECK(round_trip(ipc::SignRevocation{7, "u", "n", true}).by_certificate);
  ipc::ErrandDone done = round_trip(ipc::ErrandDone{7, false, true, "words"});
  CHECK(!done.done && done.refused);
  CHECK_EQ(done.words, "words");
}

TEST(acmectls_request_and_its_answer_arrive_as_they_were_sent) {
  CHECK_EQ(round_trip(ipc::ControlRequest{{"a.example", "b"}}).names.at(1), "b");
  ipc::ControlAnswer answer = round_trip(ipc::ControlAnswer{true, "{}"});
  CHECK(answer.ok);
  CHECK_EQ(answer.text, "{}");
}

TEST(every_type_of_message_has_a_number_of_its_own) {
  std::vector<ipc::Type> types = {ipc::Welcome::kType,
                                  ipc::RenewNow::kType,
                                  ipc::Reply::kType,
                                  ipc::SignNewAccount::kType,
                                  ipc::SignNewOrder::kType,
                                  ipc::SignFetch::kType,
                                  ipc::SignChallenge::kType,
                                  ipc::SignFinalize::kType,
                                  ipc::SignDeactivateAuthorization::kType,
                                  ipc::Errand::kType,
                                  ipc::Look::kType,
                                  ipc::LookDone::kType,
                                  ipc::SignAccountUpdate::kType,
                                  ipc::SignAccountDeactivation::kType,
                                  ipc::SignKeyChange::kType,
                                  ipc::SignKeyProbe::kType,
                                  ipc::SignRevocation::kType,
                                  ipc::ErrandDone::kType,
                                  ipc::DirectoryRead::kType,
                                  ipc::AccountCreated::kType,
                                  ipc::AccountLost::kType,
                                  ipc::HoldIssuer::kType,
                                  ipc::OrderCreated::kType,
                                  ipc::PresentChallenges::kType,
                                  ipc::InstallChain::kType,
                                  ipc::GiveUpOrder::kType,
                                  ipc::SaveSchedule::kType,
                                  ipc::LogLine::kType,
                                  ipc::Progress::kType};
  for (std::size_t i = 0; i < types.size(); ++i)
    for (std::size_t k = i + 1; k < types.size(); ++k) CHECK(types[i] != types[k]);
}

TEST(a_hostile_list_of_four_billion_items_is_refused_at_once) {
  std::string bytes(encode(ipc::InstallChain{kLineage, "i", {}}).view());
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  REQUIRE_ERROR(decode<ipc::InstallChain>(bytes), Errc::protocol);
  REQUIRE_ERROR(decode<ipc::InstallChain>(bytes + std::string(1000, '\0')), Errc::protocol);
}

TEST(bent_messages_never_do_more_than_fail) {
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) {
    survive(welcome(), random);
    survive(ipc::SaveSchedule{kLineage, schedule()}, random);
    survive(ipc::InstallChain{kLineage, "i", {"PEM", "PEM"}}, random);
    survive(ipc::PresentChallenges{kLineage, "i", {{"a", "t"}}}, random);
    survive(ipc::ControlRequest{{"a", "b"}}, random);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
