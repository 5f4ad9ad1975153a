// certs/<certificate>/<key slug>/history: what became of a certificate, a JSON object in each
// line. Lines are added and never changed, so that no crash costs what stood there before; a line
// that was not finished is passed over. Nobody waits for the disk.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "history";
// Beyond it the file is written anew with what counts of it.
constexpr std::size_t kMostBytes = 256 * 1024;

WallTime time_in(const Json& in) {
  return std::max<WallTime>(parse_rfc3339(in.text_or("")).value_or(0), 0);
}

std::string line_of(const HistoryEvent& event) {
  Json item = Json::object();
  item.set("at", format_rfc3339(event.at)).set("event", event.event);
  if (!event.issuer.empty()) item.set("issuer", event.issuer);
  if (!event.words.empty()) item.set("words", printable(event.words));
  if (event.times > 1) item.set("times", std::int64_t{event.times});
  if (event.since != 0) item.set("since", format_rfc3339(event.since));
  return item.compact() + "\n";
}

HistoryEvent event_in(const Json& item) {
  HistoryEvent event{time_in(item["at"]), item["event"].text_or(""), item["issuer"].text_or(""),
                     item["words"].text_or("")};
  event.times = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(item["times"].number_or(1), 1, 1'000'000));
  event.since = time_in(item["since"]);
  return event;
}

// A CA that says the same every hour must not push out what was before.
bool is_once_more(const HistoryEvent& last, const HistoryEvent& event) {
  return event.event == "failed" && last.event == event.event && last.issuer == event.issuer &&
         last.words == event.words;
}

void add(std::vector<HistoryEvent>& events, HistoryEvent event) {
  if (events.empty() || !is_once_more(events.back(), event)) {
    events.push_back(std::move(event));
    return;
  }
  HistoryEvent& last = events.back();
  if (last.since == 0) last.since = last.at;
  last.at = event.at;
  last.times = std::min<std::uint32_t>(last.times + event.times, 1'000'000);
}

Outcome append(const Directory& dir, std::string_view bytes) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  const int opened = dir.env().open_at(dir.fd(), std::string(kRecord).c_str(), flags, 0600);
  if (opened < 0) return dir.error("open", kRecord, -opened);
  const UniqueFd file(opened);
  const ssize_t n = dir.env().write(file.get(), bytes.data(), bytes.size());
  if (n == static_cast<ssize_t>(bytes.size())) return {};
  return dir.error("write", kRecord, n < 0 ? static_cast<int>(-n) : ENOSPC);
}

}  // namespace

std::string encode_history(const std::vector<HistoryEvent>& events) {
  std::string text;
  for (const HistoryEvent& event : events) text += line_of(event);
  return text;
}

std::vector<HistoryEvent> decode_history(std::string_view text) {
  std::vector<HistoryEvent> events;
  for (const std::string& line : split(text, '\n')) {
    auto item = Json::parse(line);
    if (!item) continue;
    HistoryEvent event = event_in(*item);
    if (event.at != 0 && !event.event.empty()) add(events, std::move(event));
  }
  if (events.size() > kLongestHistory) events.erase(events.begin(), events.end() - kLongestHistory);
  return events;
}

Result<std::vector<HistoryEvent>> Store::load_history(const Lineage& lineage) const {
  auto dir = state_->open_lineage(kCerts, lineage);
  auto text = dir ? dir->read(kRecord) : Result<std::string>(dir.error());
  if (!text && text.error().code == Errc::not_found) return std::vector<HistoryEvent>();
  if (!text) return std::move(text).error();
  return decode_history(*text);
}

Outcome Store::add_history(const Lineage& lineage, const HistoryEvent& event) {
  ACME_CHECK(state_->may_write());
  ACME_TRY(const Directory dir, state_->make_lineage(kCerts, lineage));
  const std::string line = line_of(event);
  auto before = dir.read(kRecord);
  // What cannot be read is written anew, too.
  if (!before && before.error().code != Errc::not_found && before.error().code != Errc::damaged)
    return std::move(before).error();
  const std::string text = before ? *std::move(before) : std::string();
  if (text.size() + line.size() > kMostBytes)
    return replace_file(dir, kRecord, encode_history(decode_history(text + "\n" + line)));
  // Behind a line that was not finished.
  const bool is_torn = !text.empty() && !text.ends_with('\n');
  return append(dir, is_torn ? "\n" + line : line);
}

}  // namespace acme
