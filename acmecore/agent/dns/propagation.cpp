#include "agent/dns/propagation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr Millis kPatienceWithSilence = 60 * 1000;
constexpr Millis kFirstTold = 5 * 1000;
constexpr Millis kToldEvery = 60 * 1000;

enum class Seen : std::uint8_t { unknown, shown, lacking, without_authority, failing, silent };

// One record at one server.
struct Sight {
  std::size_t record;
  NameServer server;
  std::size_t endpoint = 0;  // of the server's, the one that is asked now
  Seen seen = Seen::unknown;
  std::string words = {};  // the server's code, or why it cannot be asked
};

class Wait : public std::enable_shared_from_this<Wait> {
 public:
  Wait(const Env& env, Timers& timers, Client& client, std::vector<AwaitedRecord> records,
       PropagationSettings settings)
      : env_(env),
        timers_(timers),
        client_(client),
        records_(std::move(records)),
        settings_(settings),
        began_(env.boottime()),
        next_told_(began_ + kFirstTold) {
    for (std::size_t i = 0; i < records_.size(); ++i)
      for (const NameServer& server : records_[i].place.servers) sights_.push_back({i, server});
  }

  std::function<void(const Propagation&)> told;
  std::function<void(Propagation)> done;

  void look() {
    outstanding_ = 1;  // until all are asked
    for (std::size_t i = 0; i < sights_.size(); ++i)
      if (sights_[i].seen != Seen::shown) ask(i);
    answered();
  }

 private:
  void ask(std::size_t index) {
    Sight& sight = sights_[index];
    if (sight.server.endpoints.empty()) {
      sight.seen = Seen::silent;
      sight.words = "has no address";
      return;
    }
    ++outstanding_;
    client_.ask(sight.server.endpoints[sight.endpoint], records_[sight.record].place.name,
                RecordType::txt, false,
                [self = shared_from_this(), index](const Result<Answer>& answer) {
                  self->take(self->sights_[index], answer);
                  self->answered();
                });
  }

  void take(Sight& sight, const Result<Answer>& answer) {
    if (!answer) {
      sight.seen = Seen::silent;
      sight.words = "does not answer";
      sight.endpoint = (sight.endpoint + 1) % sight.server.endpoints.size();
      return;
    }
    const AwaitedRecord& wanted = records_[sight.record];
    sight.seen = Seen::lacking;
    for (const Record& record : answer->answers)
      if (record.type == RecordType::txt && record.value == wanted.value) sight.seen = Seen::shown;
    // Whoever is not its server may have it from a cache.
    if (!answer->authoritative && answer->failure.empty()) sight.seen = Seen::without_authority;
    if (!answer->failure.empty() && answer->failure != "NXDOMAIN") {
      sight.seen = Seen::failing;
      sight.words = answer->failure;
    }
  }

  void answered() {
    if (--outstanding_ > 0) return;
    const Millis waited = env_.boottime() - began_;
    const bool silence_counts = waited < kPatienceWithSilence;
    const bool anybody = std::any_of(sights_.begin(), sights_.end(),
                                     [](const Sight& sight) { return sight.seen == Seen::shown; });
    Propagation state;
    state.complete = anybody;
    for (const Sight& sight : sights_) {
      if (sight.seen == Seen::shown) continue;
      state.missing.push_back(in_words(sight));
      if (sight.seen != Seen::silent || silence_counts || !shown_somewhere(sight.record))
        state.complete = false;
    }
    if (state.complete || waited >= settings_.timeout) return done(std::move(state));
    if (env_.boottime() >= next_told_) {
      next_told_ = env_.boottime() + kToldEvery;
      told(state);
    }
    timers_.after(settings_.interval, [self = shared_from_this()] { self->look(); });
  }

  bool shown_somewhere(std::size_t record) const {
    return std::any_of(sights_.begin(), sights_.end(), [&](const Sight& sight) {
      return sight.record == record && sight.seen == Seen::shown;
    });
  }

  std::string in_words(const Sight& sight) const {
    std::string who = printable(sight.server.name);
    if (!sight.server.endpoints.empty()) who += " (" + sight.server.endpoints[sight.endpoint] + ")";
    const std::string what = printable(records_[sight.record].place.name);
    switch (sight.seen) {
      case Seen::silent:
        return who + " " + sight.words;
      case Seen::without_authority:
        return who + " answers for " + what + " without authority over the zone";
      case Seen::failing:
        return who + " answers " + sight.words + " for " + what;
      default:
        return who + " does not show " + what + " yet";
    }
  }

  const Env& env_;
  Timers& timers_;
  Client& client_;
  std::vector<AwaitedRecord> records_;
  PropagationSettings settings_;
  Millis began_;
  Millis next_told_;
  std::vector<Sight> sights_;
  std::size_t outstanding_ = 0;
};

}  // namespace

void await_propagation(const Env& env, Timers& timers, Client& client,
                       std::vector<AwaitedRecord> records, PropagationSettings settings,
                       std::function<void(const Propagation&)> told,
                       std::function<void(Propagation)> done) {
  if (settings.delay) {
    timers.after(*settings.delay, [done = std::move(done)] { done(Propagation{true}); });
    return;
  }
  auto wait = std::make_shared<Wait>(env, timers, client, std::move(records), settings);
  wait->told = std::move(told);
  wait->done = std::move(done);
  timers.after(0, [wait] { wait->look(); });
}

}  // namespace acme::agent::dns
