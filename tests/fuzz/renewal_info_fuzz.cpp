// What a CA answers about a renewal (RFC 9773), as it comes from the network: the renewal point
// that follows lies where it may, and what is shown to people can be shown.
#include <cstdint>
#include <cstdlib>

#include "fuzz/answer_text.h"
#include "protocol/ari.h"
#include "protocol/clock.h"
#include "protocol/url.h"

namespace {

using namespace acme;
using namespace acme::protocol;

constexpr WallTime kNow = 1'790'000'000;

void demand(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const protocol::Answer answer = fuzz::answer_from(text);
  (void)refuses_replacement(answer);
  if (auto date = date_of(answer)) demand(*date > 0);

  auto info = read_renewal_info(answer.body);
  if (!info) {
    demand(!info.error().message.empty() && info.error().message.size() < 4096);
    return 0;
  }
  demand(info->start > 0 && info->start < info->end);
  demand(info->explanation_url.empty() || is_web_url(info->explanation_url));

  const Validity validity{true, true, kNow - kDay, kNow + 89 * kDay};
  ScheduleRecord schedule;
  plan_renewal(schedule, {}, validity, 0.5);
  note_suggestion(schedule.ari, "a.b", *info, retry_after(answer, kNow), kNow,
                  static_cast<double>(size % 97) / 97);
  weigh_suggestion(schedule, {}, validity);
  const AriRecord& ari = schedule.ari;
  demand(ari.pick >= info->start && ari.pick <= info->end);
  demand(ari.ask_again >= kNow + kMinute && ari.ask_again <= kNow + kDay);
  demand(ari.renew_at >= 0 && ari.renew_at <= validity.not_after - 5 * kDay);
  demand(ari.renew_at == 0 || ari.renew_at > validity.not_before);
  return 0;
}
