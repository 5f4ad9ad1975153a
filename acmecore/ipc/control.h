// What acmectl asks the keeper over the control socket (root only).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace acme::ipc {

inline constexpr std::size_t kControlFrameLimit = 64 * 1024 * 1024;  // the status of 10,000 names
inline constexpr const char* kControlSocketName = "control.sock";

// What acme-keeper --once exits with when a running server holds the store.
inline constexpr int kServerIsRunning = 75;  // EX_TEMPFAIL

enum class ControlType : std::uint16_t {
  status = 64,
  renew = 65,
  take_over = 66,
  revoke = 72,
  issuers = 73,
  account_rollover = 74,
  account_deactivate = 75,
  account_agree = 76,
  dns_persist = 77,
  check = 80,
  log = 81,
  dry_run = 82,
  answer = 127
};

// How long, in milliseconds, the keeper lets a client wait for what a CA says.
inline std::int64_t longest_wait(ControlType type) {
  return type == ControlType::dry_run ? 15 * 60'000 : 45'000;
}

struct ControlRequest {
  // Of certificates, or names that they carry; for account_…: of issuers.
  std::vector<std::string> names;
  std::string reason{};   // of a revocation
  bool no_order = false;  // nothing takes the place of what is revoked
  bool force = false;     // renew what is not due, too
  // take_over: encode(Import). Keys are in it; both programs wipe the memory that they free.
  std::string foreign{};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.names, self.reason, self.no_order, self.force, self.foreign);
  }
};

struct ControlAnswer {
  bool ok = false;
  // status, issuers, check, log: JSON (docs/STATUS.md); else one line for each thing done; or the
  // error
  std::string text;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.ok, self.text);
  }
};

}  // namespace acme::ipc
