// This machine's clock beside that of one CA, as its answers tell. What the CA's clock shows goes
// on with CLOCK_BOOTTIME: when somebody sets ours, that is seen without asking anybody.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/repeat.h"
#include "agent/services.h"

namespace acme::agent {

class ClockCheck {
 public:
  ClockCheck(Services services, std::string issuer);

  void note(const protocol::Answer& answer);

  // What the CA's clock shows now; ours, where it never said.
  WallTime there() const;
  bool agrees() const;

  // Once a minute. True: the CA is to be asked for its time, because ours has moved since it was
  // told, or because they disagreed and that was a while ago.
  bool review();

  // They disagree now, or agree again.
  std::function<void()> on_change;

 private:
  std::int64_t ahead() const;  // of ours
  void tell(bool apart);

  Services services_;
  std::string issuer_;
  std::optional<Millis> offset_;  // of the CA's clock from CLOCK_BOOTTIME
  Millis heard_ = 0;
  Millis asked_ = 0;
  bool apart_ = false;  // by the CA's own word
  Repeat told_;
};

}  // namespace acme::agent
