// Why an order, or the way to it, failed: what schedule and log need to know.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "protocol/message.h"

namespace acme::protocol {

struct Failure {
  enum class Kind : std::uint8_t {
    transport,        // no answer: the driver retries by itself; here only when it gave up
    busy,             // 5xx, or 503 with Retry-After: the CA is in trouble
    rate_limited,     // 429
    validation,       // a challenge failed: counts against the 5 an hour of a name
    refused,          // the CA says no for good (rejectedIdentifier, caa, badCSR, …)
    account,          // accountDoesNotExist, unauthorized account
    action_required,  // userActionRequired: a person must open `instance`
    malformed,        // an answer that breaks RFC 8555
    local,            // ours: what the keeper refuses, the check of the chain
    environment,      // ours, and it passes: a full disk, no memory, no descriptor
    dns,              // TXT records could not be set, or cannot be seen: the CA was not asked
  };
  Kind kind = Kind::malformed;
  std::string words;               // for the operator, printable, with the CA's own words
  std::string url;                 // to open (instance, terms), if any
  std::int64_t retry_after = 0;    // seconds, 0: not said
  std::vector<std::string> names;  // that failed validation, or that the CA refused
  bool forbidden = false;          // this CA may not issue for them (CAA, policy); another one may

  // The challenges that failed in a way that another type may not; `other_left`: the CA offers
  // one that is configured and has not failed for this name.
  struct Validation {
    std::string name;
    ChallengeType type = ChallengeType::http01;
    bool other_left = false;
  };
  std::vector<Validation> validations;
  // Worth a new order at once: each name that failed can be proven in another way.
  bool can_try_another_type() const;

  // What becomes of the order. Neither flag: it is given up.
  bool order_gone = false;  // a resumed order is of no use any more: forget it, begin anew at once
  bool order_kept = false;  // it is still good: the next try resumes it
};

// The failure that an error answer means.
Failure failure_of(const Answer& answer, WallTime now);

// The same for a problem that stands inside an answer: an order's `error`.
Failure::Kind kind_of(const Problem& problem);

// An answer that breaks RFC 8555, in what way.
Failure malformed(std::string what);

}  // namespace acme::protocol
