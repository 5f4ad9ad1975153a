// The status as a worker knows it, in rows that a person can be shown: what the keeper wrote on
// the board, the certificates that the operator supplied, and what time it is now.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "serve/supplied.h"

namespace acme::serve {

struct StatusRow {
  // In the order in which they are shown.
  enum class Group { attention, under_way, fine };
  static constexpr std::array<std::string_view, 3> kGroups = {"attention", "under-way", "fine"};

  Group group = Group::fine;
  int urgency = 0;  // within the group: the smaller, the sooner
  bool supplied = false;
  std::string id;  // of a supplied one its file
  std::string key;
  std::vector<std::string> names;
  std::string state;
  std::string issuer;  // as configured
  std::string issuer_name;
  WallTime not_before = 0;
  WallTime not_after = 0;
  WallTime renew_at = 0;
  WallTime next_try = 0;
  std::int64_t failures = 0;
  std::string last_error;
  WallTime last_error_at = 0;
  std::string stage;
  bool waiting_for_reload = false;
  std::string revocation_reason;
  std::vector<std::string> notes;  // whole sentences: names left out, issuers left

  bool matches(std::string_view words) const;  // lower case
};

struct StatusView {
  Json document;  // the keeper's, or what is known without one
  bool from_helper = false;
  bool helper_up = false;
  bool helper_needed = false;
  std::int64_t helper_pid = 0;
  WallTime now = 0;
  std::vector<StatusRow> rows;  // what needs attention first
  std::array<std::size_t, 3> counts = {};
  std::size_t orders_under_way = 0;

  std::size_t count(StatusRow::Group group) const {
    return counts[static_cast<std::size_t>(group)];
  }
};

// A supplied certificate, and whether handshakes get it: a bridge is replaced by a managed one.
struct SuppliedInUse {
  const SuppliedCertificate* certificate;
  bool replaced;
};

struct StatusSource {
  Json document;
  bool from_helper = false;
  bool helper_needed = true;
  std::vector<SuppliedInUse> supplied = {};
  WallTime now = 0;
};

StatusView make_status_view(StatusSource source);
// The document with all that the page has, for programs (docs/STATUS.md).
Json status_document(const StatusView& view, const std::vector<SuppliedInUse>& supplied);
// "valid", "expiring", "expired", "unreadable", "replaced".
std::string_view supplied_state(const SuppliedInUse& supplied, WallTime now);
// When a person should be told of an end: two weeks before, or with a quarter of a shorter life.
WallTime expiry_warning(WallTime not_before, WallTime not_after);

}  // namespace acme::serve
