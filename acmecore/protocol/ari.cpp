#include "protocol/ari.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

constexpr std::int64_t kLeastInterval = kMinute;
constexpr std::int64_t kMostInterval = kDay;
constexpr std::int64_t kUsualInterval = 6 * kHour;  // where the CA says nothing
constexpr std::int64_t kAfterFailure[] = {kMinute, 10 * kMinute, kHour, kUsualInterval};
constexpr std::string_view kWordsOfReplacement[] = {"replac", "certid", "certificate"};
constexpr std::size_t kLongestUrl = 512;    // what a status line shows whole
constexpr std::int64_t kSpreadStep = 2000;  // milliseconds
constexpr std::int64_t kSpreadMost = kHour * 1000;

std::int64_t share(std::int64_t whole, double part) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(whole) * part));
}

// What is known about another certificate is void.
void speak_of(AriRecord& ari, std::string_view ari_id) {
  if (ari.id == ari_id) return;
  ari = {};
  ari.id = ari_id;
}

// Where in the window the pick lies, in [0, 1].
double place(const AriRecord& ari) {
  const auto length = static_cast<double>(ari.window_end - ari.window_start);
  return std::clamp(static_cast<double>(ari.pick - ari.window_start) / length, 0.0, 1.0);
}

// How long a fresh certificate is left alone after so many early renewals in a row.
std::int64_t respite(std::uint32_t early, std::int64_t left) {
  if (early == 0) return 0;
  return early == 1 ? std::min(kHour, left / 8) : std::min(kDay, left / 4);
}

}  // namespace

std::string renewal_info_url(std::string_view renewal_info, std::string_view ari_id) {
  std::string url(renewal_info);
  if (!url.ends_with('/')) url += '/';
  return url.append(ari_id);
}

Result<RenewalInfo> read_renewal_info(std::string_view body) {
  Result<Json> json = Json::parse(body);
  if (!json || !json->is_object())
    return fail(Errc::protocol,
                "no renewal information, but \"" + printable(trim(body).substr(0, 80)) + "\"");
  const Json& window = (*json)["suggestedWindow"];
  auto start = parse_rfc3339(window["start"].text_or(""));
  auto end = parse_rfc3339(window["end"].text_or(""));
  if (!start || !end) return fail(Errc::protocol, "renewal information without a suggestedWindow");
  if (*end <= *start)
    return fail(Errc::protocol, "a suggestedWindow that ends before it begins: from " +
                                    format_rfc3339(*start) + " to " + format_rfc3339(*end));
  // 0 says that there is none.
  RenewalInfo info{std::max<WallTime>(*start, 1), std::max<WallTime>(*end, 2), {}};
  std::string url = (*json)["explanationURL"].text_or("");
  if (is_web_url(url) && url.size() <= kLongestUrl) info.explanation_url = std::move(url);
  return info;
}

std::optional<WallTime> ask_at(const AriRecord& ari, std::string_view ari_id,
                               const Validity& validity, WallTime now) {
  if (ari_id.empty() || !validity.stored || !validity.current || validity.not_after <= now)
    return std::nullopt;
  // A time further ahead than its maximum comes from a wrong clock.
  if (ari.id != ari_id || ari.ask_again <= now || ari.ask_again > now + kMostInterval) return 0;
  return ari.ask_again;
}

void note_suggestion(AriRecord& ari, std::string_view ari_id, const RenewalInfo& info,
                     std::optional<std::int64_t> retry_after, WallTime now, double uniform) {
  speak_of(ari, ari_id);
  bool moved = ari.window_start != info.start || ari.window_end != info.end;
  if (ari.pick == 0 || moved) {
    double where = ari.pick == 0 ? std::clamp(uniform, 0.0, 1.0) : place(ari);
    ari.window_start = info.start;
    ari.window_end = info.end;
    ari.pick = info.start + share(info.end - info.start, where);
  }
  ari.explanation_url = info.explanation_url;
  ari.failures = 0;
  ari.asked_at = now;
  ari.ask_again =
      now + std::clamp(retry_after.value_or(kUsualInterval), kLeastInterval, kMostInterval);
}

void note_no_suggestion(AriRecord& ari, std::string_view ari_id,
                        std::optional<std::int64_t> retry_after, bool lasting, WallTime now,
                        double uniform) {
  speak_of(ari, ari_id);
  std::size_t step = std::min<std::size_t>(ari.failures, std::size(kAfterFailure) - 1);
  std::int64_t wait = lasting ? kUsualInterval : kAfterFailure[step];
  wait += share(wait / 10, std::clamp(uniform, 0.0, 1.0));
  if (retry_after) wait = std::clamp(*retry_after, kLeastInterval, kMostInterval);
  if (ari.failures < 1000) ++ari.failures;
  ari.ask_again = now + wait;
}

void weigh_suggestion(ScheduleRecord& schedule, const RenewPolicy& policy,
                      const Validity& validity) {
  AriRecord& ari = schedule.ari;
  ari.renew_at = 0;
  // CAs backdate: what counts is the life that it has had here.
  const bool known = ari.obtained > validity.not_before && ari.obtained < validity.not_after;
  const WallTime begin = known ? ari.obtained : validity.not_before;
  const std::int64_t lifetime = validity.not_after - begin;
  if (ari.pick == 0 || ari.window_end <= ari.window_start || !validity.stored || lifetime < 4)
    return;
  const WallTime own = schedule.renew_at;
  const WallTime half = begin + lifetime / 2;
  const std::int64_t reserve = last_reserve(lifetime);
  const WallTime latest = validity.not_after - reserve;

  WallTime point = ari.pick;
  if (point < half && ari.window_end > half) {
    if (ari.window_end >= own) return;  // as if nothing had been suggested
    point = ari.window_end;
  }
  // Those that would all be at the last moment keep their order.
  if (point > latest) point = latest - share(reserve / 10, 1 - place(ari));
  if (policy.kind != RenewPolicy::Kind::automatic && point >= own) return;
  point = std::max(point, std::min(ari.not_before, latest));
  ari.renew_at = std::max(point, validity.not_before + 1);
}

void note_new_certificate(AriRecord& ari, std::string_view ari_id, const Validity& before,
                          const Validity& validity, WallTime now, double uniform) {
  const WallTime since = ari.obtained != 0 ? ari.obtained : before.not_before;
  const bool followed = before.stored && before.current && ari.renew_at != 0 &&
                        ari.renew_at <= now && ari.pick <= now;
  const bool early = followed && now < since + (before.not_after - since) / 2;
  const std::uint32_t so_often = early ? std::min(ari.early + 1, 1000U) : 0;
  ari = {};
  ari.id = ari_id;
  ari.obtained = now;
  ari.early = so_often;
  const std::int64_t left = std::max<std::int64_t>(validity.not_after - now, 0);
  if (so_often != 0) ari.not_before = now + respite(so_often, left);
  // The CA may need a moment before all of it knows its new certificate.
  std::int64_t moment = std::min(kMinute, left / 60);
  ari.ask_again = now + moment - share(moment / 2, std::clamp(uniform, 0.0, 1.0));
}

// Before an order exists nothing but `replaces` speaks of a certificate.
bool refuses_replacement(const Answer& answer) {
  if (answer.status < 400 || answer.status > 500 || answer.status == 429) return false;
  const Problem problem = read_problem(answer);
  if (problem.type == "alreadyReplaced") return true;
  // A CA that cannot find the certificate any more may call that its own fault (Pebble does, of
  // serial numbers that begin with a zero).
  static constexpr std::string_view kTypes[] = {"malformed", "unauthorized", "serverInternal", ""};
  if (std::find(std::begin(kTypes), std::end(kTypes), problem.type) == std::end(kTypes))
    return false;
  const std::string words = lower(problem.detail);
  return std::any_of(std::begin(kWordsOfReplacement), std::end(kWordsOfReplacement),
                     [&](std::string_view word) { return words.find(word) != std::string::npos; });
}

void spread_out(AriRecord& ari, std::size_t ahead, std::size_t all, WallTime now) {
  const auto others = static_cast<std::int64_t>(std::min<std::size_t>(ahead, 1'000'000));
  const auto whole =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(all), others + 1, 10'000'000);
  const std::int64_t step = std::min(kSpreadStep, kSpreadMost / whole);
  if (others == 0) return;
  ari.not_before = std::max(ari.not_before, now + step * others / 1000);
}

}  // namespace acme::protocol
