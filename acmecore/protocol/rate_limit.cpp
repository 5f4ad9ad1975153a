#include "protocol/rate_limit.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/digest.h"

namespace acme::protocol {
namespace {

// A request counts at the CA when it arrives there, and our clock has whole seconds.
constexpr std::int64_t kLatency = 5;

// Of a bucket: when there is room for the `n`-th from now.
WallTime room_at(const RateLimit& limit, WallTime full_at, std::size_t n, WallTime now) {
  if (!limit.limits()) return 0;
  WallTime after = std::max(full_at, now) + static_cast<std::int64_t>(n) * limit.interval();
  return std::max(now, after - limit.period);
}

// Buckets are in order of their keys; where this one is, or has to be.
template <typename Buckets>
auto place_of(Buckets& buckets, const std::string& key) {
  return std::ranges::lower_bound(buckets, key, {}, &SpentLimit::key);
}

WallTime full_at(const std::vector<SpentLimit>& buckets, const std::string& key) {
  auto place = place_of(buckets, key);
  return place != buckets.end() && place->key == key ? place->full_at : 0;
}

void spend(WallTime& full_at, const RateLimit& limit, WallTime now) {
  if (limit.limits()) full_at = std::max(full_at, now + kLatency) + limit.interval();
}

void spend(std::vector<SpentLimit>& buckets, const std::string& key, const RateLimit& limit,
           WallTime now) {
  if (!limit.limits()) return;
  auto place = place_of(buckets, key);
  if (place == buckets.end() || place->key != key) place = buckets.insert(place, {key, now});
  spend(place->full_at, limit, now);
}

void settle(std::vector<SpentLimit>& buckets, const RateLimit& limit, WallTime now) {
  for (SpentLimit& bucket : buckets)
    bucket.full_at = std::min(bucket.full_at, now + limit.period + kLatency);
  std::erase_if(buckets, [now](const SpentLimit& bucket) { return bucket.full_at <= now; });
  if (!std::ranges::is_sorted(buckets, {}, &SpentLimit::key))
    std::ranges::sort(buckets, {}, &SpentLimit::key);
}

std::string in_words(const RateLimit& limit, const std::string& what) {
  return std::to_string(limit.count) + " " + what + format_relative(limit.period);
}

// The later one is what is waited for.
void take_later(Turn& turn, WallTime at, const RateLimit& limit, const std::string& what,
                WallTime now) {
  if (at <= now || at <= turn.at) return;
  turn = {at, in_words(limit, what), limit.interval()};
}

}  // namespace

std::string digest_of_names(const std::vector<std::string>& names) {
  return hex(sha256(join(names, " "))).substr(0, 16);
}

Turn next_turn(const RateLimits& limits, const SpentLimits& spent, const Cost& cost,
               const std::vector<const Cost*>& under_way, std::size_t unsent, WallTime now) {
  Turn turn;
  if (cost.exempt || !limits.any()) return turn;
  take_later(turn, room_at(limits.orders, spent.orders_full_at, unsent + 1, now), limits.orders,
             "orders ", now);
  if (limits.duplicates.limits()) {
    auto same = std::count_if(under_way.begin(), under_way.end(),
                              [&](const Cost* other) { return other->set == cost.set; });
    take_later(turn,
               room_at(limits.duplicates, full_at(spent.sets, cost.set),
                       static_cast<std::size_t>(same) + 1, now),
               limits.duplicates, "certificates of the same names ", now);
  }
  if (!limits.certificates.limits()) return turn;
  for (const std::string& domain : cost.domains) {
    auto same = std::count_if(under_way.begin(), under_way.end(), [&](const Cost* other) {
      return std::find(other->domains.begin(), other->domains.end(), domain) !=
             other->domains.end();
    });
    take_later(turn,
               room_at(limits.certificates, full_at(spent.domains, domain),
                       static_cast<std::size_t>(same) + 1, now),
               limits.certificates, "certificates of " + domain + " ", now);
  }
  return turn;
}

std::size_t orders_left(const RateLimits& limits, const SpentLimits& spent, std::size_t unsent,
                        WallTime now) {
  const RateLimit& orders = limits.orders;
  if (!orders.limits()) return static_cast<std::size_t>(-1);
  std::int64_t used = std::max<std::int64_t>(spent.orders_full_at - now, 0);
  std::int64_t left = std::max<std::int64_t>(orders.period - used, 0) / orders.interval();
  return static_cast<std::size_t>(left) - std::min(unsent, static_cast<std::size_t>(left));
}

void spend_order(SpentLimits& spent, const RateLimits& limits, WallTime now) {
  spend(spent.orders_full_at, limits.orders, now);
}

void spend_certificate(SpentLimits& spent, const RateLimits& limits, const Cost& cost,
                       WallTime now) {
  for (const std::string& domain : cost.domains)
    spend(spent.domains, domain, limits.certificates, now);
  spend(spent.sets, cost.set, limits.duplicates, now);
}

void settle(SpentLimits& spent, const RateLimits& limits, WallTime now) {
  spent.orders_full_at = std::min(spent.orders_full_at, now + limits.orders.period + kLatency);
  settle(spent.domains, limits.certificates, now);
  settle(spent.sets, limits.duplicates, now);
}

}  // namespace acme::protocol
