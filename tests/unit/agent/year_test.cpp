// A year of a server with 200 certificates, two CAs, their limits, outages, errors, rate limits
// and mass revocations, and restarts at any time. No certificate expires, and none is revoked
// that its CA had said so of, while a CA works for a minute in its window; no limit is ever
// exceeded.
#include <random>

#include "protocol/schedule.h"
#include "unit/agent/simulation.h"

using namespace acme;
using namespace acme::test;
using State = SimulatedCa::State;

namespace {

const RateLimits kLetsEncrypt{{300, 3 * kHour}, {50, 7 * kDay}, {5, 7 * kDay}};
#ifdef ACME_SANITIZED  // a quarter takes long enough
constexpr std::int64_t kYear = 91 * kDay;
#else
constexpr std::int64_t kYear = 365 * kDay;
#endif
constexpr std::int64_t kAMinute = 61;             // a probe a minute at least
constexpr std::int64_t kRevokedAfter = 5 * kDay;  // what CAs have given in their mass revocations
constexpr std::int64_t kToldWithin = kDay + 2 * kHour;  // asked daily; then many spread out

struct Trouble {
  WallTime from;
  WallTime to;
  State kind;
};

// What goes wrong at one CA, in order of time, decided beforehand.
class Weather {
 public:
  Weather(unsigned seed, WallTime begin) {
    std::mt19937 random(seed);
    auto uniform = [&](double low, double high) {
      return std::uniform_real_distribution(low, high)(random);
    };
    double at = static_cast<double>(begin) + uniform(0, 3.0 * kDay);
    while (at < static_cast<double>(begin + kYear + 30 * kDay)) {
      double dice = uniform(0, 1);
      double length = uniform(kMinute, 2.0 * kHour);
      if (dice > 0.7) length = uniform(2.0 * kHour, kDay);
      if (dice > 0.9) length = uniform(kDay, 8.0 * kDay);
      State kind = State::unreachable;
      if (dice < 0.5) kind = uniform(0, 1) < 0.5 ? State::errors : State::limits;
      troubles_.push_back({static_cast<WallTime>(at), static_cast<WallTime>(at + length), kind});
      at += length + uniform(10, 12.0 * kDay);
    }
  }
  State at(WallTime now) const {
    auto next = std::upper_bound(troubles_.begin(), troubles_.end(), now,
                                 [](WallTime time, const Trouble& t) { return time < t.from; });
    if (next == troubles_.begin() || std::prev(next)->to <= now) return State::works;
    return std::prev(next)->kind;
  }
  // For a minute on end, somewhere in there.
  bool works_within(WallTime from, WallTime to) const {
    for (const Trouble& trouble : troubles_) {
      if (trouble.to <= from) continue;
      if (std::min(trouble.from, to) - from >= kAMinute) return true;
      from = std::max(from, trouble.to);
    }
    return to - from >= kAMinute;
  }

 private:
  std::vector<Trouble> troubles_;
};

class Year {
 public:
  explicit Year(unsigned seed)
      : random_(seed),
        first_weather_(seed * 2 + 1, world.env.now()),
        second_weather_(seed * 2 + 2, world.env.now()),
        first(world.add_ca("first", kLetsEncrypt)),
        second(world.add_ca("second")) {
    first.state = [this] { return first_weather_.at(world.env.now()); };
    second.state = [this] { return second_weather_.at(world.env.now()); };
    add(40, "short", {"first", "second"}, 160 * kHour);
    add(10, "lonely-short", {"second"}, 160 * kHour);
    add(60, "middle", {"first", "second"}, 45 * kDay);
    add(20, "other-way", {"second", "first"}, 47 * kDay);
    add(50, "long", {"first", "second"}, 90 * kDay);
    add(20, "lonely-long", {"first"}, 90 * kDay);
    world.keeper.keep_lines = false;
    world.keeper.on_installed = [this](const std::string& id, const auto& before) {
      if (before.not_after != 0) judge(id, before, world.env.now());
      enrol(id);
      if (world.keeper.stored[id].issuer != world.config.certificate(id)->issuers.front())
        ++taken_elsewhere;
    };
  }

  void live() {
    const WallTime end = world.env.now() + kYear;
    world.start();
    WallTime next_revocation = world.env.now() + 20 * kDay;
    while (world.env.now() < end) {
      if (world.env.now() >= next_revocation) {
        revoke_some();
        next_revocation += 60 * kDay;
      }
      // Once in two days; and sometimes a moment later again.
      bool soon = random_() % 4 == 0;
      world.run_for(static_cast<Millis>(random_() % (soon ? 5'000U : 4U * 86'400'000U)));
      world.restart();
    }
    for (const auto& [id, stored] : world.keeper.stored) judge(id, stored, world.env.now());
  }

  Simulation world;

 private:
  std::mt19937 random_;
  Weather first_weather_;
  Weather second_weather_;

 public:
  SimulatedCa& first;
  SimulatedCa& second;
  int expired = 0;
  int taken_elsewhere = 0;  // from another issuer than the first
  int renewed = 0;
  int told = 0;     // certificates that were going to be revoked
  int revoked = 0;  // and were, because nobody worked

 private:
  // The CA knows what it issued, by an id of its own for each certificate.
  void enrol(const std::string& id) {
    const SimulatedKeeper::Stored& stored = world.keeper.stored[id];
    const std::string ari_id = "AAAA." + std::string("B") + std::to_string(1'000'000 + ++issued_);
    world.keeper.ari_ids[id] = ari_id;
    ca_of(stored).certificates[ari_id] = {stored.not_before, stored.not_after};
  }
  SimulatedCa& ca_of(const SimulatedKeeper::Stored& stored) {
    return stored.issuer == "first" ? first : second;
  }
  void revoke_some() {
    for (const auto& [id, stored] : world.keeper.stored) {
      if (random_() % 3 != 0) continue;
      ca_of(stored).certificates[world.keeper.ari_ids[id]].revoked_from = world.env.now();
      ++told;
    }
  }
  // Before `now`, although its first issuer worked long enough after the news?
  void judge_revocation(const std::string& id, const SimulatedKeeper::Stored& before,
                        WallTime now) {
    const WallTime from = ca_of(before).certificates[world.keeper.ari_ids[id]].revoked_from;
    if (from == 0 || std::min(now, before.not_after) <= from + kRevokedAfter) return;
    ++revoked;
    const std::string& issuer = world.config.certificate(id)->issuers.front();
    const Weather& weather = issuer == "first" ? first_weather_ : second_weather_;
    const Weather& teller = before.issuer == "first" ? first_weather_ : second_weather_;
    const WallTime told_by = from + kToldWithin;
    if (teller.works_within(from + kDay, told_by) &&
        weather.works_within(told_by, from + kRevokedAfter))
      throw Failure(id + " was revoked at " + format_rfc3339(from + kRevokedAfter) + " although " +
                    issuer + " worked");
  }

  std::size_t issued_ = 0;

  // Sixty names are of one registered domain.
  void add(int count, const std::string& kind, const Names& issuers, std::int64_t lifetime) {
    for (int i = 0; i < count; ++i) {
      std::string id = kind + std::to_string(i);
      std::string domain = kind == "middle" ? "big.example" : id + ".example";
      world.add(id, {id + "." + domain, "www." + id + "." + domain}, issuers, lifetime);
    }
  }

  // Expired before `now`? Then nobody can have worked in its window: for the first of its issuers
  // from the renewal point on, for the next one when a third of what was left is gone.
  void judge(const std::string& id, const SimulatedKeeper::Stored& before, WallTime now) {
    ++renewed;
    judge_revocation(id, before, now);
    if (before.not_after >= now) return;
    ++expired;
    // With jitter, renewal begins here at the latest.
    WallTime from = std::max(protocol::renewal_point({}, before.not_before, before.not_after, 0),
                             protocol::renewal_point({}, before.not_before, before.not_after, 1));
    // And by the CA's suggestion not before.
    from = std::max(from, before.not_after - (before.not_after - before.not_before) / 3 + kHour);
    for (const std::string& issuer : world.config.certificate(id)->issuers) {
      const Weather& weather = issuer == "first" ? first_weather_ : second_weather_;
      if (weather.works_within(from, before.not_after))
        throw Failure(id + " expired at " + format_rfc3339(before.not_after) + " although " +
                      issuer + " worked");
      from += (before.not_after - from) / 3 + 3 * kMinute;
    }
  }
};

void live_a_year(unsigned seed) {
  Year year(seed);
  year.live();
  std::printf(
      "seed %u: %zu + %zu certificates by %zu + %zu orders, %zu restarts, %d taken elsewhere, "
      "%d expired while nobody worked, %d were to be revoked, %d were in use then\n",
      seed, year.first.issued, year.second.issued, year.first.made, year.second.made,
      year.world.restarts, year.taken_elsewhere, year.expired, year.told, year.revoked);
  CHECK_EQ(year.world.keeper.stored.size(), 200);
  CHECK_EQ(year.first.limited, 0);
  CHECK_EQ(year.second.limited, 0);
  // 50 short ones each 107 hours, 60 + 20 in a month, 70 in two, and a third of all six times:
  // no storm, nothing forgotten.
  if (kYear == 365 * kDay) CHECK(year.renewed > 5'000 && year.renewed < 8'000);
  const std::size_t issued = year.first.issued + year.second.issued;
  CHECK(year.first.made + year.second.made < issued + issued / 10);
}

}  // namespace

TEST(a_year_of_two_hundred_certificates) {
  live_a_year(1);
}

TEST(another_year) {
  if (getenv("ACME_SOAK")) live_a_year(2);  // scripts/test --soak
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
