// When an order may be made without going beyond a CA's rate limits: arithmetic over token
// buckets (base/rate_limit.h), without clock and store.
#pragma once

#include <string>
#include <vector>

#include "base/rate_limit.h"

namespace acme::protocol {

// What one certificate costs.
struct Cost {
  std::vector<std::string> domains;  // registered ones, each once; none for a renewal
  std::string set;                   // digest of its names
  bool exempt = false;               // of all limits: a renewal when the CA suggested it (ARI)
};
std::string digest_of_names(const std::vector<std::string>& names);

// When it may begin, and what it waits for.
struct Turn {
  WallTime at = 0;            // 0: now
  std::string limit;          // "300 orders in 3 h", "50 certificates of example.com in 7 d"
  std::int64_t interval = 0;  // between two of those that wait for it
};

// `under_way`: what is ordered, but not spent yet; `unsent`: how many of these have not
// even asked the CA.
Turn next_turn(const RateLimits& limits, const SpentLimits& spent, const Cost& cost,
               const std::vector<const Cost*>& under_way, std::size_t unsent, WallTime now);

// How many orders could begin now.
std::size_t orders_left(const RateLimits& limits, const SpentLimits& spent, std::size_t unsent,
                        WallTime now);

// A newOrder leaves; a certificate was issued.
void spend_order(SpentLimits& spent, const RateLimits& limits, WallTime now);
void spend_certificate(SpentLimits& spent, const RateLimits& limits, const Cost& cost,
                       WallTime now);

// To be called first for what was stored: the others need the buckets in order of their keys.
// What is full again is forgotten, and a time that no spending explains is not believed
// (the clock was once in 2038).
void settle(SpentLimits& spent, const RateLimits& limits, WallTime now);

}  // namespace acme::protocol
