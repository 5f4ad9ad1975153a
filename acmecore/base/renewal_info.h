// What a CA suggested about the renewal of one certificate (RFC 9773, ARI), and when it is
// asked again: a part of the lineage's schedule.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace acme {

struct AriRecord {
  std::string id;             // the certID that all this speaks of; another one: it is void
  WallTime obtained = 0;      // when that certificate came; 0: before such records were kept
  WallTime window_start = 0;  // what was suggested last
  WallTime window_end = 0;
  WallTime pick = 0;           // the random time inside the window, chosen once; 0: no window yet
  WallTime renew_at = 0;       // the renewal point that follows from it; 0: it does not count
  WallTime not_before = 0;     // earlier than this no renewal comes from it, whatever the CA says
  WallTime asked_at = 0;       // the last answer that could be used
  WallTime ask_again = 0;      // not before
  std::uint32_t failures = 0;  // answers in a row that could not be used
  std::uint32_t early = 0;  // renewals in a row for which the CA left a fresh certificate no time
  std::string explanation_url;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.obtained, self.window_start, self.window_end, self.pick, self.renew_at,
            self.not_before, self.asked_at, self.ask_again, self.failures, self.early,
            self.explanation_url);
  }
};

}  // namespace acme
