// certs/<certificate>/<key slug>/state.json: when to try next, and why.
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "state.json";

}  // namespace

Result<ScheduleRecord> Store::load_schedule(const Lineage& lineage, WallTime now) const {
  ACME_TRY(const Directory dir, state_->open_lineage(kCerts, lineage));
  ACME_TRY(ScheduleRecord schedule,
           state_->load_record(dir, std::string(kRecord), decode_schedule));
  clamp_times(schedule, now);
  return schedule;
}

Outcome Store::save_schedule(const Lineage& lineage, const ScheduleRecord& schedule) {
  ACME_TRY(const Directory dir, state_->make_lineage(kCerts, lineage));
  // A wait that a CA asked for outlives a power cut; a plan is made anew.
  if (schedule.failures > 0 || schedule.retry_after > 0 || schedule.renewal_requested)
    return replace_file(dir, kRecord, encode_schedule(schedule));
  const auto scope = state_->later();
  return replace_file(dir, kRecord, encode_schedule(schedule));
}

}  // namespace acme
