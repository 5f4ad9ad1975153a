// When it is told that a certificate ends.
#pragma once

#include "base/time.h"

namespace acme::keeper {

// 0: there is time. 1: two weeks before the end, or a third of its life where that is less;
// 2: two days, or a twelfth; 3: it has ended.
inline int expiry_stage(WallTime not_before, WallTime not_after, WallTime now) {
  const std::int64_t life = not_after > not_before ? not_after - not_before : 0;
  const std::int64_t left = not_after - now;
  if (left <= 0) return 3;
  if (left <= (life / 12 < 2 * kDay ? life / 12 : 2 * kDay)) return 2;
  if (left <= (life / 3 < 14 * kDay ? life / 3 : 14 * kDay)) return 1;
  return 0;
}

}  // namespace acme::keeper
