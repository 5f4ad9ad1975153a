// Random CAs that break no rule of RFC 8555, and random CAs that break them all:
// every order ends in Finished or Failure within bounded steps.
#include <map>
#include <random>

#include "base/time.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using What = Post::What;

namespace {

// An order at a CA, as the CA sees it.
class RandomCa {
 public:
  RandomCa(std::mt19937& random, std::vector<std::string> names)
      : random_(random), names_(std::move(names)) {
    std::shuffle(names_.begin(), names_.end(), random_);
    for (std::size_t i = 0; i < names_.size(); ++i)
      authorizations_.push_back(chance(20) ? "valid" : "pending");
    std::shuffle(order_of_lists_.begin(), order_of_lists_.end(), random_);
  }

  Answer answer_to(const Post& post) {
    work();
    if (chance(2)) return trouble();
    switch (post.what) {
      case What::new_order:
        return order(201);
      case What::start_challenge:
        return start(post.url);
      case What::finalize:
        return finalize();
      default:
        break;
    }
    if (post.url == kOrderUrl) return order(200);
    if (post.url.starts_with(kCertificateUrl)) return certificate();
    return authorization(post.url);
  }
  WallTime now() const { return now_; }
  void pass(Millis time) { now_ += time / 1000; }
  bool issued() const { return status_ == "valid"; }

 private:
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  // What happens between two requests.
  void work() {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (started_[i] && authorizations_[i] == "pending" && chance(40))
        authorizations_[i] = chance(6) ? "invalid" : "valid";
    auto is = [](const char* status) {
      return [status](const std::string& s) { return s == status; };
    };
    if (std::any_of(authorizations_.begin(), authorizations_.end(), is("invalid"))) {
      if (chance(60)) status_ = "invalid";
    } else if (status_ == "pending" && chance(60) &&
               std::all_of(authorizations_.begin(), authorizations_.end(), is("valid"))) {
      status_ = "ready";
    } else if (status_ == "processing" && chance(30)) {
      status_ = chance(5) ? "invalid" : "valid";
    }
  }

  Headers hints() {
    switch (random_() % 4) {
      case 0:
        return {{"Retry-After", std::to_string(random_() % 100)}};
      case 1:
        return {{"retry-after", "Mon, 21 Sep 2026 14:20:00 GMT"}};
      default:
        return {};
    }
  }
  Answer trouble() {
    switch (random_() % 4) {
      case 0:
        return problem(429, "rateLimited", "slow down", hints());
      case 1:
        return problem(500, "serverInternal", "oops");
      case 2:
        return answer(503, "<html>", hints());
      default:
        return problem(403, "userActionRequired", "agree");
    }
  }
  Answer order(int http_status) {
    Json json = order_json(status_, names_);
    Json urls = Json::array();
    for (std::size_t i : order_of_lists_)
      if (i < names_.size()) urls.append(authorization_url(i));
    json.set("authorizations", urls).set("unknown", Json::array());
    Headers headers = hints();
    headers.push_back({"Location", http_status == 201 ? "/order/1" : kOrderUrl});
    return answer(http_status, json.compact(), headers, kCa + "/new-order");
  }
  Answer authorization(const std::string& url) {
    std::size_t i = url.back() - '0';
    std::vector<std::string> types = {"dns-01", "http-01", "strange-01", "tls-alpn-01"};
    std::shuffle(types.begin(), types.end(), random_);
    Answer a = protocol::authorization(i, names_[i], authorizations_[i], types);
    a.headers = hints();
    return a;
  }
  Answer start(const std::string& url) {
    std::size_t i = url[kCa.size() + std::string("/chall/").size()] - '0';
    if (authorizations_[i] != "pending") return problem(400, "malformed", "not pending");
    started_[i] = true;
    return answer(200, challenge_json(i, "http-01", "processing").compact(), hints());
  }
  Answer finalize() {
    if (status_ != "ready" || chance(20)) return problem(403, "orderNotReady", "wait", hints());
    status_ = "processing";
    work();
    return order(200);
  }
  Answer certificate() {
    return answer(200, kPem, {{"Link", "</cert/1/1>;rel=\"alternate\""}}, kCertificateUrl);
  }

  std::mt19937& random_;
  std::vector<std::string> names_;
  std::vector<std::string> authorizations_;
  std::vector<std::size_t> order_of_lists_ = {0, 1, 2, 3, 4};
  std::map<std::size_t, bool> started_;
  std::string status_ = "pending";
  WallTime now_ = kNow;
};

// Bytes that a CA might send if it were broken or hostile.
Answer garbage(std::mt19937& random) {
  static const std::vector<std::string> statuses = {"pending", "ready",   "processing", "valid",
                                                    "invalid", "expired", "?"};
  static const std::vector<int> codes = {0, 200, 200, 200, 201, 204, 302, 400, 403, 404, 409, 500};
  Answer a;
  switch (random() % 4) {
    case 0:
      a = order_answer(statuses[random() % statuses.size()], {"n0.example"});
      break;
    case 1:
      a = authorization(0, "n0.example", statuses[random() % statuses.size()]);
      break;
    case 2:
      a = problem(400, "orderNotReady", "x");
      break;
    default:
      a.body = kPem;
  }
  if (random() % 3 != 0) a.status = codes[random() % codes.size()];
  if (!a.body.empty() && random() % 4 == 0) a.body.resize(random() % a.body.size());
  a.url = kOrderUrl;
  a.headers.push_back({"Location", kOrderUrl});
  if (random() % 2 == 0) a.headers.push_back({"Retry-After", std::to_string(random() % 200'000)});
  return a;
}

struct End {
  int steps = 0;
  bool finished = false;
  std::vector<std::string> installed;
};

// Fulfils wishes in random order until the order has ended.
template <class Ca>
End drive(Order& order, std::mt19937& random, Ca& ca) {
  std::vector<Wish> wishes = order.begin();
  End end;
  int ends = 0;
  auto more = [&](std::vector<Wish> next) {
    for (Wish& wish : next) wishes.push_back(std::move(wish));
  };
  while (!wishes.empty()) {
    CHECK(++end.steps < 20'000);
    std::size_t at = random() % wishes.size();
    Wish wish = std::move(wishes[at]);
    wishes.erase(wishes.begin() + static_cast<std::ptrdiff_t>(at));
    if (auto* post = std::get_if<Post>(&wish)) {
      CHECK(post->url.starts_with(kCa + "/"));
      if (post->what == What::deactivate) continue;
      more(order.on_answer(post->tag, ca.answer_to(*post), ca.now()));
    } else if (auto* wait = std::get_if<Wait>(&wish)) {
      CHECK(wait->duration >= 25 && wait->duration <= kDay * 1000);
      ca.pass(wait->duration);
      more(order.on_timer());
    } else if (std::holds_alternative<Present>(wish)) {
      more(random() % 20 == 0 ? order.on_refused("no") : order.on_presented());
    } else if (auto* install = std::get_if<Install>(&wish)) {
      end.installed = install->chains;
      CHECK(!install->chains.empty());
      more(order.on_installed());
    } else if (auto* failure = std::get_if<Failure>(&wish)) {
      ++ends;
      CHECK(!failure->words.empty());
      CHECK(!(failure->order_gone && failure->order_kept));
    } else if (std::holds_alternative<Finished>(wish)) {
      ++ends;
      end.finished = true;
    }
  }
  CHECK_EQ(ends, 1);
  CHECK(order.on_timer().empty());
  return end;
}

std::vector<std::string> some_names(std::mt19937& random) {
  std::vector<std::string> names = {"n0.example"};
  for (std::size_t i = 1; i < 1 + random() % 5; ++i)
    names.push_back("n" + std::to_string(i) + ".example");
  if (random() % 4 == 0) names[0] = "*.n0.example";
  return names;
}

}  // namespace

TEST(every_legal_behaviour_of_a_ca_ends_in_a_certificate_or_a_failure_within_bounded_steps) {
  int finished = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> names = some_names(random);
    RandomCa ca(random, names);
    OrderSettings settings{names, {ChallengeType::http01}, random() % 2 == 0};
    Order order(settings, directory());
    End end = drive(order, random, ca);
    if (end.finished) ++finished;
    CHECK(end.installed.size() <= (settings.fetch_alternates ? 2 : 1));
    CHECK(!end.finished || ca.issued());
  }
  CHECK(finished > 500);
}

TEST(a_ca_that_answers_anything_at_all_ends_in_bounded_steps_too) {
  struct AnyCa {
    std::mt19937& random;
    WallTime time = kNow;
    Answer answer_to(const Post&) { return garbage(random); }
    WallTime now() const { return time; }
    void pass(Millis wait) { time += wait / 1000; }
  };
  for (unsigned seed = 0; seed < 2500; ++seed) {
    std::mt19937 random(seed);
    AnyCa ca{random};
    Order order({{"n0.example"}, {ChallengeType::http01}, true}, directory(),
                random() % 2 == 0 ? kOrderUrl : "");
    drive(order, random, ca);
  }
}

TEST(a_ca_that_never_decides_ends_in_bounded_steps) {
  for (const char* status : {"pending", "processing", "ready"}) {
    for (const char* later : {"", "0", "1", "30"}) {
      Bench ca({"a.example"});
      ca.to_polling();
      int steps = 0;
      while (all_of<Failure>(ca.wishes).empty()) {
        CHECK(++steps < 15'000);
        if (!all_of<Wait>(ca.wishes).empty()) ca.time_passes();
        std::vector<Post> posts = all_of<Post>(ca.wishes);
        for (const Post& post : posts) {
          Answer a = order_answer(status, ca.names, {{"Retry-After", later}});
          if (post.url == authorization_url(0)) a = authorization(0, "a.example", "pending");
          if (post.what == What::finalize) a = problem(403, "orderNotReady", "no");
          ca.wishes = ca.order.on_answer(post.tag, a, kNow);
        }
      }
      CHECK_EQ(ca.failure().kind, Failure::Kind::busy);
    }
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
