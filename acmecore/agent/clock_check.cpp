#include "agent/clock_check.h"

#include <cstdlib>
#include <utility>

#include "ipc/messages.h"
#include "protocol/clock.h"

namespace acme::agent {
namespace {

constexpr Millis kAskAgain = 10 * kMinute * 1000;
constexpr Millis kAskAtMost = kMinute * 1000;

}  // namespace

ClockCheck::ClockCheck(Services services, std::string issuer)
    : services_(services), issuer_(std::move(issuer)) {}

std::int64_t ClockCheck::ahead() const {
  return services_.env.now() - there();
}

WallTime ClockCheck::there() const {
  return offset_ ? (services_.env.boottime() + *offset_) / 1000 : services_.env.now();
}

bool ClockCheck::agrees() const {
  return std::abs(ahead()) <= protocol::kClocksAgreeWithin;
}

void ClockCheck::note(const protocol::Answer& answer) {
  auto date = protocol::date_of(answer);
  if (!date) return;
  heard_ = services_.env.boottime();
  offset_ = *date * 1000 - heard_;
  if (bool apart = !agrees(); apart != apart_) tell(apart);
}

bool ClockCheck::review() {
  const bool apart = !agrees();
  if (apart_ && !apart) tell(false);
  if (apart_) {
    if (auto again = told_.tell(issuer_, "", services_.env.now()))
      services_.log.error("this machine's clock is still " + clock_difference(ahead()) +
                          " that of " + issuer_ + ": renewals are held; set the clock" + *again);
  }
  const Millis now = services_.env.boottime();
  // A machine that was suspended from outside, too, has clocks that went different ways: only
  // the CA's next word tells which one is right.
  const bool worth_asking = apart && (!apart_ || now - heard_ >= kAskAgain);
  if (!worth_asking || (asked_ != 0 && now - asked_ < kAskAtMost)) return false;
  asked_ = now;
  return true;
}

void ClockCheck::tell(bool apart) {
  apart_ = apart;
  const std::string difference = clock_difference(ahead());
  services_.keeper.tell(ipc::ClockState{issuer_, apart ? ahead() : 0});
  if (apart) {
    told_.tell(issuer_, "", services_.env.now());
    services_.log.error("this machine's clock is " + difference + " that of " + issuer_ + " (" +
                        format_rfc3339(services_.env.now()) + " here, " + format_rfc3339(there()) +
                        " there): renewals of certificates that are still valid are held until "
                        "they agree; set the clock");
  } else {
    told_.forget(issuer_);
    services_.log.notice("this machine's clock and that of " + issuer_ +
                         " agree again: renewals go on");
  }
  if (on_change) on_change();
}

}  // namespace acme::agent
