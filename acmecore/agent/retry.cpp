#include "agent/retry.h"

#include "protocol/schedule.h"

namespace acme::agent {
namespace {

constexpr std::int64_t kWaitInPlace = kMinute;
constexpr std::uint32_t kMostWaits = 5;
constexpr std::uint32_t kMostServerErrors = 3;

}  // namespace

Millis Retry::after_network() {
  Millis now = env_->boottime();
  if (network_failures_ == 0) first_failure_ = now;
  return protocol::transport_retry(network_failures_++, now - first_failure_, env_->uniform());
}

std::optional<Millis> Retry::after_answer(const protocol::Answer& answer) {
  std::optional<std::int64_t> named = protocol::retry_after(answer, env_->now());
  if (answer.status == 429 || (answer.status >= 500 && named)) {
    if (!named || *named > kWaitInPlace || waits_ >= kMostWaits) return std::nullopt;
    ++waits_;
    // A little more than asked: many that wait for the same second come one after the other.
    return *named * 1000 + static_cast<Millis>(env_->uniform() * 500);
  }
  if (answer.status < 500 || server_errors_ >= kMostServerErrors) return std::nullopt;
  return protocol::transport_retry(server_errors_++, 0, env_->uniform());
}

}  // namespace acme::agent
