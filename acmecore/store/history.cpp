// certs/<certificate>/<key slug>/history.json: what became of a certificate, bounded.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "history.json";

WallTime time_in(const Json& in) {
  return std::max<WallTime>(parse_rfc3339(in.text_or("")).value_or(0), 0);
}

// A CA that says the same every hour must not push out what was before.
bool is_once_more(const HistoryEvent& last, const HistoryEvent& event) {
  return event.event == "failed" && last.event == event.event && last.issuer == event.issuer &&
         last.words == event.words;
}

void add(std::vector<HistoryEvent>& events, HistoryEvent event) {
  event.words = printable(event.words);
  if (!events.empty() && is_once_more(events.back(), event)) {
    HistoryEvent& last = events.back();
    if (last.since == 0) last.since = last.at;
    last.at = event.at;
    ++last.times;
    return;
  }
  events.push_back(std::move(event));
  if (events.size() > kLongestHistory) events.erase(events.begin(), events.end() - kLongestHistory);
}

}  // namespace

std::string encode_history(const std::vector<HistoryEvent>& events) {
  Json list = Json::array();
  for (const HistoryEvent& event : events) {
    Json item = Json::object();
    item.set("at", format_rfc3339(event.at)).set("event", event.event);
    if (!event.issuer.empty()) item.set("issuer", event.issuer);
    if (!event.words.empty()) item.set("words", printable(event.words));
    if (event.times > 1) item.set("times", std::int64_t{event.times});
    if (event.since != 0) item.set("since", format_rfc3339(event.since));
    list.append(item);
  }
  return Json::object().set("events", list).compact() + "\n";
}

Result<std::vector<HistoryEvent>> decode_history(std::string_view text) {
  auto in = Json::parse(text);
  if (!in) return fail(Errc::damaged, in.error().message);
  if (!in->is_object()) return fail(Errc::damaged, "not a JSON object");
  std::vector<HistoryEvent> events;
  for (const Json& item : (*in)["events"].items()) {
    HistoryEvent event{time_in(item["at"]), item["event"].text_or(""), item["issuer"].text_or(""),
                       item["words"].text_or("")};
    event.times = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(item["times"].number_or(1), 1, 1'000'000'000));
    event.since = time_in(item["since"]);
    if (event.at != 0 && !event.event.empty()) events.push_back(std::move(event));
  }
  return events;
}

Result<std::vector<HistoryEvent>> Store::load_history(const Lineage& lineage) const {
  auto dir = state_->open_lineage(kCerts, lineage);
  if (!dir && dir.error().code == Errc::not_found) return std::vector<HistoryEvent>();
  if (!dir) return std::move(dir).error();
  auto events = state_->load_record(*dir, std::string(kRecord), decode_history);
  if (!events && events.error().code == Errc::not_found) return std::vector<HistoryEvent>();
  return events;
}

Outcome Store::add_history(const Lineage& lineage, const HistoryEvent& event) {
  ACME_CHECK(state_->may_write());
  const auto scope = state_->later();
  auto events = load_history(lineage);
  if (!events && events.error().code != Errc::damaged) return std::move(events).error();
  std::vector<HistoryEvent> all = events ? *std::move(events) : std::vector<HistoryEvent>();
  add(all, event);
  ACME_TRY(const Directory dir, state_->make_lineage(kCerts, lineage));
  return replace_file(dir, kRecord, encode_history(all));
}

}  // namespace acme
