// The keeper's table, request by request: refused when it is not its time, and
// granted in its time. A request that has no row here fails the test.
#include <map>

#include "unit/keeper/requests_checks.h"
#include "unit/keeper/requests_dns.h"
#include "unit/keeper/requests_errands.h"
#include "unit/keeper/requests_notices.h"
#include "unit/keeper/requests_shown.h"
#include "unit/keeper/requests_signed.h"
#include "unit/keeper/requests_told.h"
#include "unit/keeper/requests_trials.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

const std::map<Type, Row>& rows() {
  static const std::map<Type, Row> all = {
      {Type::sign_new_account, sign_new_account()},
      {Type::sign_new_order, sign_new_order()},
      {Type::sign_fetch, sign_fetch()},
      {Type::sign_challenge, sign_challenge()},
      {Type::sign_finalize, sign_finalize()},
      {Type::sign_deactivate_authorization, sign_deactivate_authorization()},
      {Type::sign_account_update, sign_account_update()},
      {Type::sign_account_deactivation, sign_account_deactivation()},
      {Type::sign_key_change, sign_for_rollover<ipc::SignKeyChange>()},
      {Type::sign_key_probe, sign_for_rollover<ipc::SignKeyProbe>()},
      {Type::sign_revocation, sign_revocation()},
      {Type::errand_done, errand_done()},
      {Type::directory_read, directory_read()},
      {Type::account_created, account_created()},
      {Type::account_lost, account_lost()},
      {Type::hold_issuer, hold_issuer()},
      {Type::order_created, order_created()},
      {Type::present_challenges, present_challenges()},
      {Type::install_chain, install_chain()},
      {Type::give_up_order, give_up_order()},
      {Type::save_schedule, save_schedule()},
      {Type::log_line, log_line()},
      {Type::progress, progress()},
      {Type::clock_state, clock_state()},
      {Type::save_limits, save_limits()},
      {Type::issuer_progress, issuer_progress()},
      {Type::read_dns_settings, read_dns_settings()},
      {Type::plan_dns_records, plan_dns_records()},
      {Type::note_dns_record, note_dns_record()},
      {Type::forget_dns_record, forget_dns_record()},
      {Type::begin_probe, begin_probe()},
      {Type::end_probe, end_probe()},
      {Type::check_done, check_done()},
      {Type::happened, happened()},
      {Type::notice_done, notice_done()},
      {Type::look_done, look_done()},
      {Type::trial_done, trial_done()},
  };
  return all;
}

const Row& row_of(Type type) {
  auto found = rows().find(type);
  if (found == rows().end())
    throw Failure("request " + std::to_string(static_cast<int>(type)) + " has no row in this test");
  return found->second;
}

// What a refused request must not have changed.
struct Traces {
  explicit Traces(Bench& bench)
      : account(bench.accounts().account_url("ca")),
        serial(bench.board.generation(0)),
        stored(bench.managed(kSite).stored.has_value()) {}
  bool operator==(const Traces&) const = default;
  std::string account;
  std::uint64_t serial;
  bool stored;
};

TEST(every_request_of_the_keeper_has_its_row_here) {
  for (Type type : keeper::Dispatch::requests()) {
    const Row& row = row_of(type);
    CHECK(!row.answered || !row.refusals.empty());
  }
  CHECK_EQ(rows().size(), keeper::Dispatch::requests().size());
}

TEST(every_request_is_refused_when_it_is_not_its_time) {
  for (Type type : keeper::Dispatch::requests()) {
    for (const Refusal& refusal : row_of(type).refusals) {
      Bench bench;
      Frame frame = refusal.ask(bench);
      Traces before(bench);
      auto reply = bench.send(frame);
      const std::string name = std::to_string(static_cast<int>(type)) + ": " + refusal.what;
      if (!reply || reply->ok) throw Failure(name + ": was not refused");
      if (reply->code == 0 || reply->text.find(refusal.why) == std::string::npos)
        throw Failure(name + ": is refused for another reason: " + reply->text);
      if (!(Traces(bench) == before)) throw Failure(name + ": has left a trace");
    }
  }
}

TEST(every_request_is_granted_in_its_time) {
  for (Type type : keeper::Dispatch::requests()) {
    const Row& row = row_of(type);
    Bench bench;
    auto reply = bench.send(row.granted(bench));
    CHECK_EQ(reply.has_value(), row.answered);
    if (reply && !reply->ok)
      throw Failure(std::to_string(static_cast<int>(type)) + " is refused: " + reply->text);
  }
}

TEST(a_truncated_or_overlong_request_ends_the_agent) {
  for (Type type : keeper::Dispatch::requests()) {
    Bench bench;
    Frame whole = row_of(type).granted(bench);
    for (std::size_t size = 0; size < whole.payload.size(); ++size) {
      Frame cut{whole.type, 1, Secret(whole.payload.span().first(size))};
      (void)REQUIRE_ERROR(bench.dispatch().handle(cut), Errc::protocol);
    }
    std::string longer(whole.payload.view());
    longer += '\0';
    Frame overlong{whole.type, 1, Secret(std::string_view(longer))};
    (void)REQUIRE_ERROR(bench.dispatch().handle(overlong), Errc::protocol);
  }
}

TEST(a_request_of_over_two_mebibytes_is_not_even_read) {
  Bench bench;
  ipc::InstallChain request{kSite, "ca", {std::string(2 * 1024 * 1024, 'x')}};
  ipc::Reply reply = bench.ask(request);
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "over 2 MiB");
}

TEST(what_is_not_in_the_table_ends_the_agent) {
  std::vector<Type> known = keeper::Dispatch::requests();
  Bench bench;
  for (int type = 0; type < 300; ++type) {
    if (std::find(known.begin(), known.end(), static_cast<Type>(type)) != known.end()) continue;
    Frame frame{static_cast<std::uint16_t>(type), 1, Secret()};
    (void)REQUIRE_ERROR(bench.dispatch().handle(frame), Errc::refused);
  }
  CHECK(bench.replies.empty());
}

TEST(without_a_board_nothing_is_ordered) {
  Bench bench(false);
  bench.register_account();
  ipc::Reply reply = bench.ask(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce});
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "no memory");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
