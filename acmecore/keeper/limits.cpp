// What each account has spent of its CA's rate limits: the agent counts, the keeper keeps it.
#include <algorithm>

#include "base/text.h"
#include "keeper/accounts.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostBuckets = 20'000;
constexpr std::size_t kLongestKey = 253;

void bound(std::vector<SpentLimit>& buckets, WallTime now, std::int64_t period) {
  if (buckets.size() > kMostBuckets) buckets.resize(kMostBuckets);
  for (SpentLimit& bucket : buckets) {
    bucket.key = printable(bucket.key.substr(0, kLongestKey));
    bucket.full_at = std::min(bucket.full_at, now + period + kMinute);
  }
}

}  // namespace

Outcome Accounts::save_limits(std::string_view issuer, SpentLimits spent) {
  ACME_TRY(Account * account, find(issuer));
  const RateLimits& limits = config_.issuer(issuer)->limits;
  const WallTime now = env_.now();
  spent.orders_full_at = std::min(spent.orders_full_at, now + limits.orders.period + kMinute);
  bound(spent.domains, now, limits.certificates.period);
  bound(spent.sets, now, limits.duplicates.period);
  account->spent = std::move(spent);
  account->limits_loaded = true;
  return store_.save_limits(issuer, account->spent);
}

SpentLimits Accounts::limits(std::string_view issuer) {
  auto account = find(issuer);
  if (!account) return {};
  if (!(*account)->limits_loaded) {
    (*account)->limits_loaded = true;
    if (auto stored = store_.load_limits(issuer)) (*account)->spent = std::move(*stored);
  }
  return (*account)->spent;
}

void Accounts::set_stage(std::string_view issuer, std::string_view stage) {
  if (auto account = find(issuer)) (*account)->stage = printable(stage);
}

std::string Accounts::stage(std::string_view issuer) const {
  auto found = accounts_.find(issuer);
  return found == accounts_.end() ? std::string() : found->second.stage;
}

}  // namespace acme::keeper
