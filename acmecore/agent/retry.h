// When one request is repeated: after the network failed, and after a CA said
// "not now". What a CA refuses for good is not this file's business.
#pragma once

#include <cstdint>
#include <optional>

#include "base/env.h"
#include "protocol/message.h"

namespace acme::agent {

class Retry {
 public:
  explicit Retry(const Env& env) : env_(&env) {}

  // How long to wait after a network error: 1 s doubling to 10 s for ten
  // minutes, then up to a minute. Never gives up.
  Millis after_network();
  std::uint32_t network_failures() const { return network_failures_; }

  // How long to wait before the request is repeated, or nothing: then the answer
  // is what its asker gets. 429 and 503 that name at most a minute are waited
  // for in place, other 5xx a few seconds; both only a few times.
  std::optional<Millis> after_answer(const protocol::Answer& answer);

 private:
  const Env* env_;
  std::uint32_t network_failures_ = 0;
  Millis first_failure_ = 0;
  std::uint32_t waits_ = 0;
  std::uint32_t server_errors_ = 0;
};

}  // namespace acme::agent
