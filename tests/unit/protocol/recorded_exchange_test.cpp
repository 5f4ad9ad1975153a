// The exchange that seed 002 recorded with Let's Encrypt's staging server (tests/data/protocol)
// drives an account, an order for wildcard, base and third name by dns-01, and the download of
// the default and the alternate chain.
//
// The client that was recorded asked for the authorizations again and again; ours asks for the
// order. So the record has no answer for a pending order: it is the newOrder answer, `ready` as
// soon as the record has shown all authorizations valid.
#include <deque>
#include <map>

#include "protocol/account.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using What = Post::What;

namespace {

const std::string kHost = "https://acme-staging-v02.api.letsencrypt.org";
constexpr WallTime kRecorded = 1'713'221'063;  // 2024-04-15T22:44:23Z

struct Exchange {
  std::string method;
  std::string path;
  Json payload;
  Answer answer;
};

Exchange read_exchange(const Json& item) {
  Exchange out;
  out.method = item["method"].text_or("");
  out.path = item["path"].text_or("");
  if (auto request = Json::parse(item["request"]["body"].text_or("")))
    out.payload = (*request)["payload"];
  const Json& response = item["response"];
  out.answer.status = static_cast<int>(response["status"].number_or(0));
  out.answer.url = kHost + out.path;
  out.answer.body = response["body"].text_or("");
  for (const Json& header : response["headers"].items()) {
    std::vector<Json> pair = header.items();
    out.answer.headers.push_back({pair.at(0).text_or(""), pair.at(1).text_or("")});
  }
  return out;
}

// The CA's part of the record, in its order.
std::deque<Exchange> recorded() {
  Json all = REQUIRE_OK(Json::parse(acme::test::test_data("protocol/002_exchange.json")));
  std::deque<Exchange> out;
  std::size_t count = 0;
  for (const Json& item : all.items()) {
    ++count;
    Exchange exchange = read_exchange(item);
    if (!exchange.path.starts_with("/client/")) out.push_back(std::move(exchange));
  }
  CHECK_EQ(count, 35);
  return out;
}

// The recorded requests that are not answered yet, by path; each path's in their order.
class Replay {
 public:
  explicit Replay(std::deque<Exchange> exchanges) : left_(std::move(exchanges)) {}

  const Exchange& take(const std::string& method, const std::string& path) {
    for (auto it = left_.begin(); it != left_.end(); ++it) {
      if (it->method != method || it->path != path) continue;
      taken_.push_back(std::move(*it));
      left_.erase(it);
      return taken_.back();
    }
    // An authorization that was seen valid stays so, however often it is asked for.
    for (auto it = taken_.rbegin(); it != taken_.rend(); ++it)
      if (it->path == path && path.starts_with("/acme/authz-v3/")) return *it;
    throw acme::test::Failure("the record has no further " + method + " " + path);
  }
  bool has(const std::string& path) const {
    return std::any_of(left_.begin(), left_.end(), [&](const auto& e) { return e.path == path; });
  }
  void forget(const std::string& path) {
    std::erase_if(left_, [&](const auto& e) { return e.path == path; });
  }
  const std::deque<Exchange>& left() const { return left_; }

 private:
  std::deque<Exchange> left_;
  std::deque<Exchange> taken_;
};

std::string path_of(const Post& post) {
  CHECK(post.url.starts_with(kHost));
  return post.url.substr(kHost.size());
}

// What each kind of Post has as payload, by RFC 8555.
void check_payload(const Post& post, const Exchange& exchange) {
  switch (post.what) {
    case What::new_order:
      CHECK(exchange.payload["identifiers"].is_array());
      break;
    case What::fetch:
      CHECK_EQ(exchange.payload.text_or("-"), "");
      break;
    case What::start_challenge:
      CHECK_EQ(exchange.payload.text_or("-"), "e30");
      break;  // {}
    case What::finalize:
      CHECK(exchange.payload["csr"].is_string());
      break;
    case What::deactivate:
      CHECK(false);
      break;
  }
}

// A driver that fulfils wishes with what the record has.
class Conversation {
 public:
  Conversation(const Directory& directory, Replay& replay)
      : replay_(replay),
        order_({{"*.nas.mycustomservice.local", "nas.mycustomservice.local",
                 "test1.test2.mycustomservice.local"},
                {ChallengeType::dns01},
                true},
               directory) {}

  void run() {
    fulfil(order_.begin());
    for (int steps = 0; !wishes_.empty(); ++steps) {
      CHECK(steps < 300);
      Wish wish = std::move(wishes_.front());
      wishes_.pop_front();
      std::visit([&](auto& item) { on(item); }, wish);
    }
  }

  std::vector<std::string> asked;  // paths, in their order
  std::vector<Present::Challenge> presented;
  std::vector<Millis> waits;
  std::vector<std::string> chains;
  bool finished = false;

 private:
  void fulfil(std::vector<Wish> more) {
    for (Wish& wish : more) wishes_.push_back(std::move(wish));
  }
  void on(const Post& post) {
    std::string path = path_of(post);
    asked.push_back(path);
    bool polls_while_validating =
        post.url == order_.url() && replay_.has("/acme/finalize/" + ids());
    if (polls_while_validating)
      return fulfil(order_.on_answer(post.tag, pending_or_ready(), kRecorded));
    const Exchange& exchange = replay_.take("POST", path);
    check_payload(post, exchange);
    if (post.what == What::new_order) created_ = exchange.answer;
    fulfil(order_.on_answer(post.tag, exchange.answer, kRecorded));
  }
  void on(const Created& created) {
    CHECK_EQ(created.order_url, kHost + "/acme/order/" + ids());
    CHECK_EQ(created.finalize_url, kHost + "/acme/finalize/" + ids());
  }
  void on(const Present& present) {
    presented = present.challenges;
    fulfil(order_.on_presented());
  }
  void on(const Wait& wait) {
    waits.push_back(wait.duration);
    fulfil(order_.on_timer());
  }
  void on(const Install& install) {
    chains = install.chains;
    fulfil(order_.on_installed());
  }
  void on(const Finished&) { finished = true; }
  void on(const Failure& failure) { throw acme::test::Failure(failure.words); }

  static std::string ids() { return "123456789/11122233344"; }

  // As lego saw it: the authorizations become valid one poll after the other.
  Answer pending_or_ready() {
    for (std::size_t i = 0; i < 3; ++i) {
      std::string path = "/acme/authz-v3/" + std::string(11, static_cast<char>('1' + i));
      if (!replay_.has(path)) continue;
      replay_.take("POST", path);
      return created_;
    }
    Answer ready = created_;
    ready.body.replace(ready.body.find("pending"), 7, "ready");
    return ready;
  }

  Replay& replay_;
  Order order_;
  Answer created_;
  std::deque<Wish> wishes_;
};

Directory recorded_directory(Replay& replay) {
  const Exchange& first = replay.take("GET", "/directory");
  return REQUIRE_OK(read_directory(first.answer.body, first.answer.url));
}

}  // namespace

TEST(the_recorded_directory_is_read) {
  Replay replay(recorded());
  Directory directory = recorded_directory(replay);
  CHECK_EQ(directory.new_order, kHost + "/acme/new-order");
  CHECK_EQ(directory.new_account, kHost + "/acme/new-acct");
  CHECK_EQ(directory.new_nonce, kHost + "/acme/new-nonce");
  CHECK_EQ(directory.terms_of_service,
           "https://letsencrypt.org/documents/LE-SA-v1.4-April-3-2024.pdf");
  CHECK_EQ(directory.origins, std::vector<std::string>{kHost});
}

TEST(the_recorded_account_is_made) {
  Replay replay(recorded());
  Directory directory = recorded_directory(replay);
  const Exchange& exchange = replay.take("POST", path_of({What::fetch, directory.new_account, 0}));
  auto result = read_account(exchange.answer, kRecorded);
  const Account& account = std::get<Account>(result);
  CHECK_EQ(account.url, kHost + "/acme/acct/123456789");
  CHECK(!account.existed);
  CHECK_EQ(links(exchange.answer, "terms-of-service"),
           std::vector<std::string>{directory.terms_of_service});
}

TEST(the_recorded_exchange_drives_an_order_to_its_certificate_and_the_alternate_chain) {
  Replay replay(recorded());
  Directory directory = recorded_directory(replay);
  replay.forget("/acme/new-nonce");  // nonces are the driver's
  replay.forget("/acme/new-acct");
  Conversation talk(directory, replay);
  talk.run();
  CHECK(talk.finished);

  // All TXT records first; base name and wildcard share one name with two values.
  CHECK_EQ(talk.presented.size(), 3);
  CHECK_EQ(talk.presented[0].identifier, "nas.mycustomservice.local");
  CHECK_EQ(talk.presented[1].identifier, "nas.mycustomservice.local");
  CHECK_EQ(talk.presented[2].identifier, "test1.test2.mycustomservice.local");
  CHECK(talk.presented[0].token != talk.presented[1].token);
  for (const auto& challenge : talk.presented) CHECK(challenge.type == ChallengeType::dns01);

  const std::string authz = "/acme/authz-v3/";
  const std::string chall = "/acme/chall-v3/";
  std::vector<std::string> begin(talk.asked.begin(), talk.asked.begin() + 7);
  CHECK_EQ(begin, (std::vector<std::string>{
                      "/acme/new-order", authz + "11111111111", authz + "22222222222",
                      authz + "33333333333", chall + "11111111111/aaaAAA",
                      chall + "22222222222/bbbBBB", chall + "33333333333/cccCCC"}));
  std::vector<std::string> end(talk.asked.end() - 5, talk.asked.end());
  const std::string order = "/acme/order/123456789/11122233344";
  const std::string certificate = "/acme/cert/xxxxXXXXxxxxXXXXxxxxXXXXxxxxXXXX";
  CHECK_EQ(end, (std::vector<std::string>{"/acme/finalize/123456789/11122233344", order, order,
                                          certificate, certificate + "/1"}));

  // Retry-After: 3 while the order was processing, twice.
  std::vector<Millis> last(talk.waits.end() - 2, talk.waits.end());
  CHECK_EQ(last, (std::vector<Millis>{3000, 3000}));
  CHECK_EQ(talk.chains.size(), 2);
  CHECK_CONTAINS(talk.chains[0], "MIIFWzCCA0");
  CHECK_CONTAINS(talk.chains[1], "MIIFVD");

  // Every recorded request to the CA was made, but for the polling of authorizations.
  CHECK_EQ(replay.left().size(), 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
