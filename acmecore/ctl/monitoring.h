// acmectl status --check: one line and an exit status, as monitoring plug-ins have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

// How much of a certificate's time may be left: seconds, or a share of its life.
struct Threshold {
  std::int64_t seconds = 0;
  int percent = 0;  // counts where it is not 0
};
std::optional<Threshold> parse_threshold(std::string_view text);  // "30d", "36h", "25%"

struct Limits {
  std::optional<Threshold> warning;  // nothing: by the certificate's life
  std::optional<Threshold> critical;
};

enum class Verdict { ok = 0, warning = 1, critical = 2, unknown = 3 };

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string line;  // with its end
};

Finding judge(const Json& status, const Limits& limits, WallTime now);
// Nothing can be said of the certificates.
Finding unknown(const std::string& why);

}  // namespace acme::ctl
