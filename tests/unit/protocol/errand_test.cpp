// Errands as a machine: what is asked next, and how the CA's answers are read.
#include "protocol/errand.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::test;
using protocol::Answer;
using protocol::Directory;
using protocol::Errand;
using Ask = Errand::Ask;

namespace {

constexpr WallTime kNow = 1'800'000'000;
const std::string kAccount = "https://ca.example/acct/1";

Directory directory() {
  Directory directory;
  directory.new_account = "https://ca.example/new-account";
  directory.key_change = "https://ca.example/key-change";
  directory.revoke_cert = "https://ca.example/revoke";
  return directory;
}
Errand errand(ErrandKind kind, bool begun = false, std::string account = kAccount) {
  return {kind, begun, std::move(account), directory()};
}
Answer answer(int status, const std::string& type = "", const std::string& location = "") {
  Answer out;
  out.status = status;
  out.url = "https://ca.example/here";
  if (!type.empty())
    out.body = R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":"words"})";
  if (!location.empty()) out.headers.push_back({"Location", location});
  return out;
}
void asks(const Errand::Step& step, Ask what, const std::string& url) {
  const auto* request = std::get_if<Errand::Request>(&step);
  CHECK(request != nullptr);
  CHECK(request->what == what);
  CHECK_EQ(request->url, url);
}
Errand::End ends(const Errand::Step& step) {
  const auto* end = std::get_if<Errand::End>(&step);
  CHECK(end != nullptr);
  return *end;
}

TEST(contact_and_deactivation_go_to_the_accounts_url) {
  for (auto [kind, what] : {std::pair{ErrandKind::contact, Ask::update},
                            std::pair{ErrandKind::deactivation, Ask::deactivate}}) {
    Errand machine = errand(kind);
    asks(machine.begin(), what, kAccount);
    asks(machine.on_lost("closed"), what, kAccount);
    CHECK(ends(machine.on_answer(answer(200), kNow)).done);
    CHECK_CONTAINS(ends(errand(kind, false, "").begin()).words, "no account");
  }
}

TEST(a_deactivation_whose_answer_was_lost_is_known_by_the_closed_door) {
  Errand machine = errand(ErrandKind::deactivation);
  machine.begin();
  machine.on_lost("closed");
  CHECK(ends(machine.on_answer(answer(401, "unauthorized"), kNow)).done);
  Errand fresh = errand(ErrandKind::deactivation);
  fresh.begin();
  CHECK(!ends(fresh.on_answer(answer(401, "unauthorized"), kNow)).done);
}

TEST(a_key_change_is_looked_up_when_its_answer_was_lost) {
  Errand machine = errand(ErrandKind::rollover);
  asks(machine.begin(), Ask::change_key, directory().key_change);
  asks(machine.on_lost("closed"), Ask::probe_key, directory().new_account);
  CHECK(ends(machine.on_answer(answer(200, "", "/acct/1"), kNow)).done);
}

TEST(a_key_change_that_did_not_arrive_is_sent_again_but_not_for_ever) {
  Errand machine = errand(ErrandKind::rollover);
  machine.begin();
  for (int i = 0; i < 5; ++i) {
    asks(machine.on_lost("closed"), Ask::probe_key, directory().new_account);
    asks(machine.on_answer(answer(400, "accountDoesNotExist"), kNow), Ask::change_key,
         directory().key_change);
  }
  Errand::End end = ends(machine.on_lost("closed"));
  CHECK(!end.done && !end.refused);
}

TEST(both_keys_are_tried_after_a_crash) {
  Errand machine = errand(ErrandKind::rollover, true);
  asks(machine.begin(), Ask::probe_key, directory().new_account);
  asks(machine.on_answer(answer(400, "accountDoesNotExist"), kNow), Ask::change_key,
       directory().key_change);
  CHECK(ends(machine.on_answer(answer(200), kNow)).done);
}

TEST(a_key_that_finds_another_account_is_no_success) {
  Errand machine = errand(ErrandKind::rollover, true);
  machine.begin();
  Errand::End end = ends(machine.on_answer(answer(200, "", "/acct/9"), kNow));
  CHECK(!end.done && end.refused);
  CHECK_CONTAINS(end.words, "https://ca.example/acct/9");
}

TEST(what_is_for_good_and_what_for_now) {
  const std::pair<Answer, bool> answers[] = {{answer(400, "badPublicKey"), true},
                                             {answer(409, "malformed", "/acct/9"), true},
                                             {answer(429, "rateLimited"), false},
                                             {answer(503, "serverInternal"), false}};
  for (const auto& [given, refused] : answers) {
    Errand machine = errand(ErrandKind::rollover);
    machine.begin();
    Errand::End end = ends(machine.on_answer(given, kNow));
    CHECK(!end.done);
    CHECK_EQ(end.refused, refused);
  }
  // While nobody knows which key is in force, nothing is for good.
  Errand machine = errand(ErrandKind::rollover, true);
  machine.begin();
  CHECK(!ends(machine.on_answer(answer(403, "unauthorized"), kNow)).refused);
}

TEST(a_revocation_tries_the_account_and_then_the_certificates_key) {
  Errand machine = errand(ErrandKind::revocation);
  asks(machine.begin(), Ask::revoke, directory().revoke_cert);
  asks(machine.on_answer(answer(403, "unauthorized"), kNow), Ask::revoke_by_certificate,
       directory().revoke_cert);
  Errand::End end = ends(machine.on_answer(answer(403, "unauthorized"), kNow));
  CHECK(!end.done);
  CHECK_CONTAINS(end.words, "unauthorized: words");
  asks(errand(ErrandKind::revocation, false, "").begin(), Ask::revoke_by_certificate,
       directory().revoke_cert);
}

TEST(already_revoked_is_success) {
  Errand machine = errand(ErrandKind::revocation);
  machine.begin();
  asks(machine.on_lost("closed"), Ask::revoke, directory().revoke_cert);
  CHECK(ends(machine.on_answer(answer(400, "alreadyRevoked"), kNow)).done);
}

TEST(a_bad_reason_is_the_cas_word) {
  Errand machine = errand(ErrandKind::revocation);
  machine.begin();
  Errand::End end = ends(machine.on_answer(answer(400, "badRevocationReason"), kNow));
  CHECK(!end.done && end.refused);
  CHECK_CONTAINS(end.words, "badRevocationReason");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
