#include "keeper/history.h"

#include "base/json.h"
#include "base/text.h"

namespace acme::keeper {
namespace {

Json event_json(const HistoryEvent& event) {
  Json out = Json::object();
  out.set("at", format_rfc3339(event.at)).set("event", event.event);
  if (!event.issuer.empty()) out.set("issuer", event.issuer);
  if (!event.words.empty()) out.set("words", event.words);
  if (event.times > 1)
    out.set("times", std::int64_t{event.times}).set("since", format_rfc3339(event.since));
  return out;
}

const LeftIssuer* left_in(const ScheduleRecord& schedule, const std::string& issuer) {
  for (const LeftIssuer& left : schedule.left)
    if (left.issuer == issuer) return &left;
  return nullptr;
}

// Its failure while it was the one that was asked is known already.
bool is_known(const ScheduleRecord& before, const LeftIssuer& left) {
  if (before.last_error_at == left.last_error_at && before.last_error == left.last_error)
    return true;
  const LeftIssuer* same = left_in(before, left.issuer);
  return same && same->last_error_at == left.last_error_at && same->last_error == left.last_error;
}

}  // namespace

// It is for people: nothing depends on it, so that it cannot be written stops nothing.
void Certificates::note(const Managed& managed, const char* event, const std::string& issuer,
                        const std::string& words) {
  auto done = store_.add_history(managed.lineage, {env_.now(), event, issuer, words});
  if (!done)
    log_.warning(to_string(managed.lineage) + ": acmectl log lacks that it was " + event + ": " +
                 done.error().message);
}

void Certificates::note_failures(const Managed& managed, const ScheduleRecord& before) {
  const ScheduleRecord& now = managed.schedule;
  for (const LeftIssuer& left : now.left)
    if (!left.last_error.empty() && !is_known(before, left))
      note(managed, "failed", left.issuer, left.last_error);
  const bool is_new = now.failures > 0 &&
                      (now.last_error_at != before.last_error_at || now.failures > before.failures);
  if (!is_new || now.last_error.empty()) return;
  note(managed, "failed", now.issuer.empty() ? managed.config->issuers.front() : now.issuer,
       now.last_error);
}

ipc::ControlAnswer log_of(const Certificates& certificates, const Store& store,
                          const std::vector<std::string>& names) {
  if (names.size() != 1) return {false, "name one certificate"};
  const std::vector<Lineage> lineages = certificates.lineages_of(names.front());
  if (lineages.empty())
    return {false, "no certificate is called " + printable(names.front()) + " or has that name"};
  Json list = Json::array();
  for (const Lineage& lineage : lineages) {
    auto events = store.load_history(lineage);
    if (!events) return {false, events.error().message};
    Json history = Json::array();
    for (const HistoryEvent& event : *events) history.append(event_json(event));
    list.append(Json::object()
                    .set("id", lineage.certificate)
                    .set("key", key_type_name(lineage.key))
                    .set("history", history));
  }
  return {true, Json::object().set("version", std::int64_t{1}).set("certificates", list).compact()};
}

std::string not_due_line(const Lineage& lineage, WallTime due, WallTime now) {
  return to_string(lineage) + ": not due: it is renewed " + format_relative(due - now) + " (" +
         format_rfc3339(due) + "); --force orders it now\n";
}

}  // namespace acme::keeper
