// Records ↔ JSON text, without I/O. Reading forgives what is absent or unknown
// (an older or newer build wrote it) and refuses what it could not act upon:
// Errc::damaged. What is a folder's name on disk (issuer, lineage) is not in
// the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/records.h"

namespace acme {

// What a file must be to be the one that was stored.
struct Seal {
  std::string sha256;  // hex
  std::int64_t size = 0;
  bool operator==(const Seal&) const = default;
};
Seal seal_of(std::string_view bytes);

// meta.json: sealed, so that chain and key can only be those of one renewal.
struct StoredMeta {
  VersionMeta meta;
  Seal chain;
  Seal key;
};

// order.json: a key that lies beside it counts only when it is this order's.
struct StoredOrder {
  OrderRecord order;
  Seal key;  // empty: none yet
};

std::string encode_account(const AccountRecord& account);
Result<AccountRecord> decode_account(std::string_view text);
std::string encode_meta(const StoredMeta& stored);
Result<StoredMeta> decode_meta(std::string_view text);
// The two seals alone; meta stays empty. Looks no further than they need it.
Result<StoredMeta> decode_seals(std::string_view text);
std::string encode_schedule(const ScheduleRecord& schedule);
Result<ScheduleRecord> decode_schedule(std::string_view text);
std::string encode_order(const StoredOrder& stored);
Result<StoredOrder> decode_order(std::string_view text);
std::string encode_reload(const ReloadRecord& reload);
Result<ReloadRecord> decode_reload(std::string_view text);

std::string encode_limits(const SpentLimits& spent);  // store/limits.cpp
Result<SpentLimits> decode_limits(std::string_view text);

// store/dns_records.cpp
std::string encode_dns_records(const std::vector<DnsRecord>& records);
Result<std::vector<DnsRecord>> decode_dns_records(std::string_view text);

// store/history.cpp
std::string encode_history(const std::vector<HistoryEvent>& events);
std::vector<HistoryEvent> decode_history(std::string_view text);  // of what can be read

// store/notices.cpp
std::string encode_notices(const NoticesRecord& notices);
Result<NoticesRecord> decode_notices(std::string_view text);
std::string encode_deploys(const DeploysRecord& deploys);
Result<DeploysRecord> decode_deploys(std::string_view text);

// No time lies further ahead than its own maximum, so that a clock that was
// once in 2038 does no harm: a wait ends after a day at most, the past is past,
// and of the failed validations those of the last hour are kept.
void clamp_times(ScheduleRecord& schedule, WallTime now);
void clamp_times(AccountRecord& account, WallTime now);
void clamp_times(ReloadRecord& reload, WallTime now);

}  // namespace acme
