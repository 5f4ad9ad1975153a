// Any bytes as a record of the store: refused, or read so that what is written
// of it again reads the same.
//
// The first byte chooses the record, the rest is the file.
#include <cstdint>
#include <cstdlib>

#include "store/codec.h"

namespace {

using namespace acme;

constexpr WallTime kNow = 1'795'417'200;  // 2026-11-23T07:00:00Z

template <class T>
void check(std::string_view text, Result<T> (*decode)(std::string_view),
           std::string (*encode)(const T&)) {
  auto record = decode(text);
  if (!record) {
    if (record.error().code != Errc::damaged || record.error().message.empty()) std::abort();
    return;
  }
  const std::string once = encode(*record);
  auto again = decode(once);
  if (!again || encode(*again) != once) std::abort();
}

void check_clamped(std::string_view text) {
  auto schedule = decode_schedule(text);
  if (!schedule) return;
  clamp_times(*schedule, kNow);
  if (schedule->next_try > kNow + kDay || schedule->retry_after > kNow + kDay) std::abort();
  for (WallTime time : schedule->failed_validations)
    if (time > kNow || time < kNow - kHour) std::abort();
}

void check_history(std::string_view text) {
  const std::string once = encode_history(decode_history(text));
  if (encode_history(decode_history(once)) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (static_cast<unsigned>(data[0] - '0') % 9) {
    case 0:
      check(text, decode_account, encode_account);
      break;
    case 1:
      check(text, decode_meta, encode_meta);
      break;
    case 2:
      check(text, decode_schedule, encode_schedule);
      check_clamped(text);
      break;
    case 3:
      check(text, decode_order, encode_order);
      break;
    case 5:
      check(text, decode_limits, encode_limits);
      break;
    case 6:
      check(text, decode_dns_records, encode_dns_records);
      break;
    case 7:
      check_history(text);
      break;
    case 8:
      check(text, decode_notices, encode_notices);
      check(text, decode_deploys, encode_deploys);
      break;
    default:
      check(text, decode_reload, encode_reload);
  }
  return 0;
}
