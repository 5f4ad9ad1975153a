// Any answers to an order: it ends in one Finished or Failure, or waits for
// more, and asks for nothing outside the directory's origins.
//
// The first byte chooses how it begins; then come answers as text (see
// answer_text.h) with NUL bytes between them, for its Posts in their order.
#include <cstdint>
#include <cstdlib>
#include <deque>

#include "fuzz/answer_text.h"
#include "protocol/order.h"

namespace {

using namespace acme;
using namespace acme::protocol;

const std::string kCa = "https://acme-staging-v02.api.letsencrypt.org";

Directory directory() {
  Directory d;
  d.new_order = kCa + "/acme/new-order";
  d.origins = {kCa};
  return d;
}

OrderSettings settings(std::uint8_t how) {
  OrderSettings out;
  out.names = {"*.nas.mycustomservice.local", "nas.mycustomservice.local",
               "test1.test2.mycustomservice.local"};
  out.challenges = {ChallengeType::http01, ChallengeType::dns01};
  out.failed = {{out.names.front(), ChallengeType::http01, 1}};
  if (how & 2) out.challenges = {ChallengeType::dns01};
  out.fetch_alternates = how & 4;
  if (how & 16) out.names = {"192.0.2.1", "2001:db8::1"};
  if (how & 32) out.profile = {"shortlived", false};
  return out;
}

class Driver {
 public:
  Driver(std::uint8_t how, std::string_view answers)
      : order_(settings(how), directory(), how & 1 ? kCa + "/acme/order/1" : ""),
        refuses_(how & 8),
        answers_(answers) {}

  void run() {
    take(order_.begin());
    for (int steps = 0; steps < 5000 && !wishes_.empty(); ++steps) {
      Wish wish = std::move(wishes_.front());
      wishes_.pop_front();
      std::visit([&](auto& item) { on(item); }, wish);
    }
    (void)order_.stage();
    if (ended_ && !order_.on_timer().empty()) std::abort();
  }

 private:
  void take(std::vector<Wish> wishes) {
    for (Wish& wish : wishes) {
      if (ended_) std::abort();
      if (std::holds_alternative<Failure>(wish) || std::holds_alternative<Finished>(wish))
        ended_ = true;
      wishes_.push_back(std::move(wish));
    }
  }
  void on(const Post& post) {
    if (post.url != kCa && !post.url.starts_with(kCa + "/") && !post.url.starts_with(kCa + "?") &&
        origin(post.url) != origin(kCa))
      std::abort();
    if (answers_.empty() || post.what == Post::What::deactivate) return;
    Answer answer = fuzz::answer_from(fuzz::take_until(answers_, '\0'));
    if (answer.url.empty()) answer.url = post.url;
    take(order_.on_answer(post.tag, answer, 1'713'221'063));
  }
  void on(const Created& created) {
    if (created.order_url.empty()) std::abort();
  }
  void on(const Present& present) {
    for (const auto& challenge : present.challenges)
      if (!is_token(challenge.token)) std::abort();
    take(order_.on_presented());
  }
  void on(const Wait& wait) {
    if (wait.duration < 25 || wait.duration > kDay * 1000) std::abort();
    if (!answers_.empty()) take(order_.on_timer());
  }
  void on(const Install& install) {
    if (install.chains.empty()) std::abort();
    take(refuses_ ? order_.on_refused("no") : order_.on_installed());
  }
  void on(const Finished&) {}
  void on(const Failure& failure) {
    if (failure.words.empty() || failure.words.size() > 4096) std::abort();
    for (char c : failure.words)
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }

  Order order_;
  bool refuses_;
  std::string_view answers_;
  std::deque<Wish> wishes_;
  bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Driver(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1}).run();
  return 0;
}
