// The keeper's table, request by request: refused when it is not its time, and
// granted in its time. A request that has no row here fails the test.
#include <functional>
#include <map>

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

// What an agent sends after what has happened so far.
using Ask = std::function<Frame(Bench&)>;

struct Refusal {
  std::string what;
  Ask ask;
};
struct Row {
  std::vector<Refusal> refusals;
  Ask granted;           // a request that is right, at the right time
  bool answered = true;  // log_line and progress are not
};

template <class Request>
Ask at_once(Request request) {
  return [request](Bench&) { return Bench::frame(request); };
}
template <class Step, class Request>
Ask after(Step step, Request request) {
  return [step, request](Bench& bench) {
    step(bench);
    return Bench::frame(request);
  };
}

const auto kAccount = [](Bench& bench) { bench.register_account(); };
const auto kAsked = [](Bench& bench) { bench.ask_for_order(); };
const auto kOrdered = [](Bench& bench) { bench.create_order(); };
const auto kPresented = [](Bench& bench) { bench.present(); };
const auto kFinalized = [](Bench& bench) { bench.finalize(); };

const Lineage kUnknownKey{"site", KeyType::rsa4096};
const Lineage kNoKeyType{"site", static_cast<KeyType>(200)};

// URLs and nonces that nothing is signed for. `make` builds the request.
template <class Step, class Make>
void add_targets(Row& row, Step step, Make make) {
  const std::string good = kCa + "/path";
  row.refusals.push_back({"another server", after(step, make("https://evil.example/x", kNonce))});
  row.refusals.push_back({"another port", after(step, make("https://ca.example:444/x", kNonce))});
  row.refusals.push_back({"plain http", after(step, make("http://ca.example/x", kNonce))});
  row.refusals.push_back(
      {"user information", after(step, make("https://ca.example@evil.example/", kNonce))});
  row.refusals.push_back({"a line end", after(step, make(good + "\n", kNonce))});
  row.refusals.push_back(
      {"a URL of over 2 KiB", after(step, make(good + std::string(2048, 'x'), kNonce))});
  row.refusals.push_back({"no URL", after(step, make("", kNonce))});
  row.refusals.push_back({"no nonce", after(step, make(good, ""))});
  row.refusals.push_back({"a nonce in base64", after(step, make(good, "a+b/c="))});
  row.refusals.push_back({"a nonce with a quote", after(step, make(good, "a\"b"))});
  row.refusals.push_back(
      {"a nonce of over 512 bytes", after(step, make(good, std::string(513, 'n')))});
}

// Who is nobody's: the same for each request that names a lineage.
template <class Make>
void add_lineages(Row& row, Make make) {
  row.refusals.push_back({"an unknown certificate", after(kFinalized, make(kStranger))});
  row.refusals.push_back(
      {"a key type that is not configured", after(kFinalized, make(kUnknownKey))});
  row.refusals.push_back({"a number that is no key type", after(kFinalized, make(kNoKeyType))});
}

Row sign_new_account() {
  Row row;
  row.refusals.push_back(
      {"an unknown issuer", at_once(ipc::SignNewAccount{"nobody", kCa + "/new-account", kNonce})});
  add_targets(
      row, [](Bench&) {},
      [](const std::string& url, const std::string& nonce) {
        return ipc::SignNewAccount{"ca", url, nonce};
      });
  row.granted = at_once(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  return row;
}

Row sign_fetch() {
  Row row;
  row.refusals.push_back({"no account", at_once(ipc::SignFetch{"ca", kCa + "/x", kNonce})});
  row.refusals.push_back(
      {"an unknown issuer", after(kAccount, ipc::SignFetch{"nobody", kCa + "/x", kNonce})});
  row.refusals.push_back(
      {"an account at another CA", after(kAccount, ipc::SignFetch{"second", kCa + "/x", kNonce})});
  add_targets(row, kAccount, [](const std::string& url, const std::string& nonce) {
    return ipc::SignFetch{"ca", url, nonce};
  });
  row.granted = after(kAccount, ipc::SignFetch{"ca", kCa + "/x", kNonce});
  return row;
}

Row sign_new_order() {
  Row row;
  ipc::SignNewOrder right{kSite, "ca", kCa + "/new-order", kNonce};
  row.refusals.push_back({"no account", at_once(right)});
  row.refusals.push_back({"an order is under way", after(kOrdered, right)});
  row.refusals.push_back({"an unknown issuer",
                          after(kAccount, ipc::SignNewOrder{kSite, "nobody", right.url, kNonce})});
  row.refusals.push_back({"an issuer of other certificates", [](Bench& bench) {
                            bench.register_account("second");
                            return Bench::frame(ipc::SignNewOrder{
                                kSite, "second", "https://second.example/new-order", kNonce});
                          }});
  row.refusals.push_back({"a full disk", [right](Bench& bench) {
                            bench.register_account();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_targets(row, kAccount, [](const std::string& url, const std::string& nonce) {
    return ipc::SignNewOrder{kSite, "ca", url, nonce};
  });
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::SignNewOrder{lineage, "ca", kCa + "/new-order", kNonce};
  });
  row.granted = after(kAccount, right);
  return row;
}

Row sign_challenge() {
  Row row;
  ipc::SignChallenge right{kSite, "ca", kCa + "/chall/1", kNonce};
  row.refusals.push_back({"no order", after(kAccount, right)});
  row.refusals.push_back({"an order without an answer", after(kAsked, right)});
  row.refusals.push_back({"nothing can be answered yet", after(kOrdered, right)});
  row.refusals.push_back(
      {"another CA's order",
       after(kPresented, ipc::SignChallenge{kSite, "second", right.url, kNonce})});
  add_targets(row, kPresented, [](const std::string& url, const std::string& nonce) {
    return ipc::SignChallenge{kSite, "ca", url, nonce};
  });
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::SignChallenge{lineage, "ca", right.url, kNonce};
  });
  row.granted = after(kPresented, right);
  return row;
}

Row sign_finalize() {
  Row row;
  ipc::SignFinalize right{kSite, "ca", kFinalizeUrl, kNonce};
  row.refusals.push_back({"no order", after(kAccount, right)});
  row.refusals.push_back({"an order without an answer", after(kAsked, right)});
  row.refusals.push_back(
      {"another CA's order",
       after(kPresented, ipc::SignFinalize{kSite, "second", kFinalizeUrl, kNonce})});
  row.refusals.push_back(
      {"another finalize URL",
       after(kPresented, ipc::SignFinalize{kSite, "ca", kCa + "/order/2/finalize", kNonce})});
  row.refusals.push_back({"the key cannot be stored", [right](Bench& bench) {
                            bench.present();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  row.refusals.push_back({"the key cannot be bound to its order", [right](Bench& bench) {
                            bench.present();
                            bench.env.writes_before_failure = 1;
                            return Bench::frame(right);
                          }});
  add_targets(row, kPresented, [](const std::string& url, const std::string& nonce) {
    return ipc::SignFinalize{kSite, "ca", url == kCa + "/path" ? kFinalizeUrl : url, nonce};
  });
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::SignFinalize{lineage, "ca", kFinalizeUrl, kNonce};
  });
  row.granted = after(kPresented, right);
  return row;
}

Row sign_deactivate_authorization() {
  Row row;
  ipc::SignDeactivateAuthorization right{kSite, "ca", kCa + "/authz/1", kNonce};
  row.refusals.push_back({"no order", after(kAccount, right)});
  row.refusals.push_back(
      {"another CA's order",
       after(kOrdered, ipc::SignDeactivateAuthorization{kSite, "second", right.url, kNonce})});
  // All that some server may take for the account.
  for (std::string url :
       {kAccountUrl, kCa + ":443/acct/1", std::string("HTTPS://CA.example/acct/1"),
        kAccountUrl + "?x", kAccountUrl + "#x", kAccountUrl + "/", kCa + "/./acct/1",
        kCa + "//acct/1", kCa + "/x/../acct/1", kCa + "/%61cct/1", kCa + "/acct/1;x",
        kCa + "/ACCT/1", kCa, kCa + "/"})
    row.refusals.push_back(
        {"the account as " + url,
         after(kOrdered, ipc::SignDeactivateAuthorization{kSite, "ca", url, kNonce})});
  add_targets(row, kOrdered, [](const std::string& url, const std::string& nonce) {
    return ipc::SignDeactivateAuthorization{kSite, "ca", url, nonce};
  });
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::SignDeactivateAuthorization{lineage, "ca", right.url, kNonce};
  });
  row.granted = after(kOrdered, right);
  return row;
}

Row directory_read() {
  Row row;
  row.refusals.push_back({"an unknown issuer", at_once(ipc::DirectoryRead{"nobody", {kCa}})});
  row.refusals.push_back(
      {"a plain http URL", at_once(ipc::DirectoryRead{"ca", {kCa, "http://ca.example/"}})});
  row.refusals.push_back(
      {"any number of URLs", at_once(ipc::DirectoryRead{"ca", std::vector<std::string>(65, kCa)})});
  row.granted = at_once(ipc::DirectoryRead{"ca", {kCa + "/a", "https://api.example/b"}});
  return row;
}

Row account_created() {
  Row row;
  const auto signed_up = [](Bench& bench) {
    bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  };
  row.refusals.push_back(
      {"none was asked for", at_once(ipc::AccountCreated{"ca", kAccountUrl, ""})});
  row.refusals.push_back({"another one was asked for",
                          after(signed_up, ipc::AccountCreated{"second", kAccountUrl, ""})});
  row.refusals.push_back(
      {"the account is there", after(kAccount, ipc::AccountCreated{"ca", kCa + "/acct/2", ""})});
  row.refusals.push_back(
      {"an unknown issuer", after(signed_up, ipc::AccountCreated{"nobody", kAccountUrl, ""})});
  row.refusals.push_back(
      {"a plain http URL", after(signed_up, ipc::AccountCreated{"ca", "http://ca.example/1", ""})});
  row.granted = after(signed_up, ipc::AccountCreated{"ca", kAccountUrl, kCa + "/terms"});
  return row;
}

Row account_lost() {
  Row row;
  row.refusals.push_back({"no account", at_once(ipc::AccountLost{"ca"})});
  row.refusals.push_back({"an unknown issuer", after(kAccount, ipc::AccountLost{"nobody"})});
  row.refusals.push_back({"it was lost a moment ago", [](Bench& bench) {
                            bench.register_account();
                            bench.granted(ipc::AccountLost{"ca"});
                            bench.register_account();
                            bench.env.pass(59);
                            return Bench::frame(ipc::AccountLost{"ca"});
                          }});
  row.granted = after(kAccount, ipc::AccountLost{"ca"});
  return row;
}

Row order_created() {
  Row row;
  ipc::OrderCreated right{kSite, "ca", kOrderUrl, kFinalizeUrl};
  row.refusals.push_back({"none was asked for", after(kAccount, right)});
  row.refusals.push_back(
      {"asked for at another CA",
       after(kAsked, ipc::OrderCreated{kSite, "second", kOrderUrl, kFinalizeUrl})});
  row.refusals.push_back(
      {"another order is under way",
       after(kOrdered, ipc::OrderCreated{kSite, "ca", kCa + "/order/2", kFinalizeUrl})});
  row.refusals.push_back(
      {"a plain http order",
       after(kAsked, ipc::OrderCreated{kSite, "ca", "http://ca.example/1", kFinalizeUrl})});
  row.refusals.push_back(
      {"a plain http finalize URL",
       after(kAsked, ipc::OrderCreated{kSite, "ca", kOrderUrl, "http://ca.example/1"})});
  row.refusals.push_back({"it cannot be journalled", [right](Bench& bench) {
                            bench.ask_for_order();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_lineages(row, [](const Lineage& lineage) {
    return ipc::OrderCreated{lineage, "ca", kOrderUrl, kFinalizeUrl};
  });
  row.granted = after(kAsked, right);
  return row;
}

Row present_challenges() {
  Row row;
  const auto challenges = [](std::vector<ipc::PresentedChallenge> list) {
    return ipc::PresentChallenges{kSite, "ca", std::move(list)};
  };
  ipc::PresentChallenges right = challenges({{"site.example", kToken}});
  row.refusals.push_back({"no order", after(kAccount, right)});
  row.refusals.push_back({"an order without an answer", after(kAsked, right)});
  row.refusals.push_back(
      {"another CA's order",
       after(kOrdered, ipc::PresentChallenges{kSite, "second", right.challenges})});
  for (std::string name : {"evil.example", "a.site.example", "", "SITE.example"})
    row.refusals.push_back(
        {"the name \"" + name + "\"", after(kOrdered, challenges({{name, kToken}}))});
  for (std::string token :
       {std::string(), std::string(21, 'a'), std::string(257, 'a'), kToken + ".x", kToken + "/",
        "../" + kToken, kToken + "=", kToken + "\n", kToken + std::string(1, '\0')})
    row.refusals.push_back(
        {"the token " + token, after(kOrdered, challenges({{"site.example", token}}))});
  row.refusals.push_back({"no challenge", after(kOrdered, challenges({}))});
  row.refusals.push_back(
      {"more challenges than names",
       after(kOrdered, challenges(std::vector<ipc::PresentedChallenge>(
                           3, ipc::PresentedChallenge{"site.example", kToken})))});
  row.refusals.push_back({"it cannot be journalled", [right](Bench& bench) {
                            bench.create_order();
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(right);
                          }});
  add_lineages(row, [right](const Lineage& lineage) {
    return ipc::PresentChallenges{lineage, "ca", right.challenges};
  });
  row.granted = after(kOrdered, right);
  return row;
}

// A chain for the order's key, made wrong by `spoil`.
Ask chain(std::function<std::string(Bench&, const std::string& csr)> make) {
  return [make](Bench& bench) {
    std::string csr = bench.finalize();
    return Bench::frame(ipc::InstallChain{kSite, "ca", {make(bench, csr)}});
  };
}
Ask leaf(std::function<void(Wanted&)> spoil) {
  return chain([spoil](Bench& bench, const std::string& csr) {
    Wanted wanted = bench.leaf_for(kSite);
    spoil(wanted);
    return bench.issue(csr, wanted);
  });
}

Row install_chain() {
  Row row;
  const auto some_chain = [](Bench& bench) {
    return chain_to_pem({bench.ca.issue(bench.leaf_for(kSite)).der(), bench.ca.der()});
  };
  row.refusals.push_back(
      {"no order", [some_chain](Bench& bench) {
         bench.register_account();
         return Bench::frame(ipc::InstallChain{kSite, "ca", {some_chain(bench)}});
       }});
  row.refusals.push_back(
      {"not finalized", [some_chain](Bench& bench) {
         bench.present();
         return Bench::frame(ipc::InstallChain{kSite, "ca", {some_chain(bench)}});
       }});
  row.refusals.push_back({"another CA's order", [](Bench& bench) {
                            std::string right = bench.issue(bench.finalize());
                            return Bench::frame(ipc::InstallChain{kSite, "second", {right}});
                          }});
  row.refusals.push_back({"no chain", after(kFinalized, ipc::InstallChain{kSite, "ca", {}})});
  row.refusals.push_back(
      {"an empty chain", after(kFinalized, ipc::InstallChain{kSite, "ca", {""}})});
  row.refusals.push_back(
      {"garbage", after(kFinalized, ipc::InstallChain{kSite, "ca", {"-----BEGIN nothing"}})});
  row.refusals.push_back(
      {"a chain of over 128 KiB", chain([](Bench& bench, const std::string& csr) {
         return bench.issue(csr) + std::string(129 * 1024, '\n');
       })});
  row.refusals.push_back(
      {"a chain for another key",
       chain([some_chain](Bench& bench, const std::string&) { return some_chain(bench); })});
  row.refusals.push_back(
      {"a chain with a private key in it", chain([](Bench& bench, const std::string& csr) {
         Secret key = REQUIRE_OK(new_key().pem());
         return bench.issue(csr) + std::string(key.view());
       })});
  row.refusals.push_back(
      {"a link that was not signed by the next", chain([](Bench& bench, const std::string& csr) {
         Party leaf = bench.ca.issue(bench.leaf_for(kSite), Bench::key_of_csr(csr));
         return chain_to_pem({leaf.forged_der(), bench.ca.der()});
       })});
  row.refusals.push_back(
      {"a name too few", leaf([](Wanted& wanted) { wanted.names = "DNS:site.example"; })});
  row.refusals.push_back(
      {"a name too many", leaf([](Wanted& wanted) { wanted.names += ",DNS:evil.example"; })});
  row.refusals.push_back({"expired", leaf([](Wanted& wanted) { wanted.to = kNow - 1; })});
  row.refusals.push_back(
      {"not valid before tomorrow", leaf([](Wanted& wanted) { wanted.from = kNow + kDay; })});
  row.refusals.push_back({"a serial number without end", leaf([](Wanted& wanted) {
                            wanted.serial = "7" + std::string(2000, 'f');
                          })});
  row.refusals.push_back({"it cannot be stored", [](Bench& bench) {
                            std::string right = bench.issue(bench.finalize());
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(ipc::InstallChain{kSite, "ca", {right}});
                          }});
  add_lineages(row, [](const Lineage& lineage) { return ipc::InstallChain{lineage, "ca", {"x"}}; });
  row.granted = chain([](Bench& bench, const std::string& csr) { return bench.issue(csr); });
  return row;
}

Row give_up_order() {
  Row row;
  add_lineages(row, [](const Lineage& lineage) { return ipc::GiveUpOrder{lineage}; });
  row.granted = after(kPresented, ipc::GiveUpOrder{kSite});
  return row;
}

Row save_schedule() {
  Row row;
  add_lineages(row, [](const Lineage& lineage) { return ipc::SaveSchedule{lineage, {}}; });
  row.granted = at_once(ipc::SaveSchedule{kSite, {}});
  return row;
}

Row log_line() {
  return {{}, at_once(ipc::LogLine{6, "a line"}), false};
}

Row progress() {
  return {{}, at_once(ipc::Progress{kSite, "ordering"}), false};
}

const std::map<Type, Row>& rows() {
  static const std::map<Type, Row> all = {
      {Type::sign_new_account, sign_new_account()},
      {Type::sign_new_order, sign_new_order()},
      {Type::sign_fetch, sign_fetch()},
      {Type::sign_challenge, sign_challenge()},
      {Type::sign_finalize, sign_finalize()},
      {Type::sign_deactivate_authorization, sign_deactivate_authorization()},
      {Type::directory_read, directory_read()},
      {Type::account_created, account_created()},
      {Type::account_lost, account_lost()},
      {Type::order_created, order_created()},
      {Type::present_challenges, present_challenges()},
      {Type::install_chain, install_chain()},
      {Type::give_up_order, give_up_order()},
      {Type::save_schedule, save_schedule()},
      {Type::log_line, log_line()},
      {Type::progress, progress()},
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
      if (reply->code == 0 || reply->text.empty()) throw Failure(name + ": without a reason");
      if (reply->text.find("signature") != std::string::npos) throw Failure(name + ": was signed");
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
  (void)REQUIRE_ERROR(bench.dispatch().handle(Bench::frame(request)), Errc::protocol);
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
