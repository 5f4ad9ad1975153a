#include "serve/status_view.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "base/text.h"

namespace acme::serve {
namespace {

using Group = StatusRow::Group;

WallTime time_of(const Json& value) {
  auto text = value.text();
  return text ? parse_rfc3339(*text).value_or(0) : 0;
}

// A keeper that was killed could not say so.
bool is_process(std::int64_t pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

void note_left_out(StatusRow& row, const Json& certificate) {
  for (const Json& name : certificate["left_out"].items())
    row.notes.push_back(name["name"].text_or("?") +
                        " is left out of the certificate: " + name["last_error"].text_or(""));
  for (const Json& left : certificate["left_issuers"].items())
    row.notes.push_back(left["issuer"].text_or("?") + " failed, so " +
                        certificate["asked_issuer"].text_or("another issuer") +
                        " is asked: " + left["last_error"].text_or(""));
}

void note_shown(StatusRow& row, const Json& shown) {
  if (shown["state"].text_or("") == "another certificate")
    row.notes.push_back("another certificate is shown at " +
                        std::string(shown["where"].text_or("?")) + ": one " +
                        std::string(shown["seen"].text_or("?")));
}

// Worse first.
int urgency_of(std::string_view state) {
  static constexpr std::string_view kOrder[] = {"expired", "revoked",         "unreadable",
                                                "failing", "renewal failing", "expiring"};
  int place = 0;
  for (std::string_view known : kOrder) {
    if (state == known) return place;
    ++place;
  }
  return place;
}

void decide_managed(StatusRow& row, WallTime now) {
  if (row.not_after != 0 && row.not_after <= now && row.state != "revoked") row.state = "expired";
  // Renewal has begun or will not begin in time: somebody should look.
  if (row.state == "valid" && row.not_after != 0 &&
      expiry_warning(row.not_before, row.not_after) <= now &&
      (row.renew_at == 0 || row.renew_at + kHour < now))
    row.state = "expiring";
  const bool under_way = !row.stage.empty() || row.waiting_for_reload || row.state == "pending";
  // Its site has nothing but a placeholder, and the CA is not there.
  const bool hindered = row.state == "pending" && row.stage.starts_with("waiting for the CA:");
  row.urgency = urgency_of(row.state);
  row.group = (row.state != "valid" && row.state != "pending") || hindered ? Group::attention
              : under_way                                                  ? Group::under_way
                                                                           : Group::fine;
  if (row.group == Group::fine && !row.notes.empty()) row.group = Group::attention;
}

StatusRow managed_row(const Json& certificate, WallTime now) {
  StatusRow row;
  row.id = certificate["id"].text_or("?");
  row.key = certificate["key"].text_or("");
  for (const Json& name : certificate["names"].items()) row.names.push_back(name.text_or("?"));
  row.state = certificate["state"].text_or("unknown");
  row.issuer = certificate["issuer"].text_or("");
  row.issuer_name = certificate["issuer_name"].text_or("");
  row.not_before = time_of(certificate["not_before"]);
  row.not_after = time_of(certificate["not_after"]);
  row.renew_at = time_of(certificate["renew_at"]);
  row.next_try = time_of(certificate["next_try"]);
  row.failures = certificate["failures"].number_or(0);
  row.last_error = certificate["last_error"].text_or("");
  row.last_error_at = time_of(certificate["last_error_at"]);
  row.stage = certificate["stage"].text_or("");
  row.waiting_for_reload = certificate["waiting_for_reload"].truth();
  row.revocation_reason = certificate["revocation_reason"].text_or("");
  note_left_out(row, certificate);
  note_shown(row, certificate["shown"]);
  decide_managed(row, now);
  return row;
}

StatusRow supplied_row(const SuppliedInUse& supplied, WallTime now) {
  const SuppliedCertificate& certificate = *supplied.certificate;
  StatusRow row;
  row.supplied = true;
  row.id = printable(certificate.file);
  row.names = certificate.names;
  row.state = supplied_state(supplied, now);
  row.issuer_name = certificate.issuer_name;
  row.not_before = certificate.not_before;
  row.not_after = certificate.not_after;
  row.last_error = certificate.error;
  row.urgency = urgency_of(row.state);
  if (row.state != "valid" && row.state != "replaced") row.group = Group::attention;
  return row;
}

auto order_of(const StatusRow& row) {
  return std::tie(row.group, row.urgency, row.not_after, row.id, row.key);
}

}  // namespace

bool StatusRow::matches(std::string_view words) const {
  auto has = [words](const std::string& text) {
    return lower(text).find(words) != std::string::npos;
  };
  return has(id) || has(state) || has(issuer) || has(issuer_name) || has(key) ||
         std::any_of(names.begin(), names.end(), has);
}

WallTime expiry_warning(WallTime not_before, WallTime not_after) {
  return not_after - std::min<WallTime>(14 * kDay, (not_after - not_before) / 4);
}

std::string_view supplied_state(const SuppliedInUse& supplied, WallTime now) {
  const SuppliedCertificate& certificate = *supplied.certificate;
  if (supplied.replaced) return "replaced";
  if (!certificate.error.empty()) return "unreadable";
  if (certificate.not_after <= now) return "expired";
  if (expiry_warning(certificate.not_before, certificate.not_after) <= now) return "expiring";
  return "valid";
}

StatusView make_status_view(StatusSource source) {
  StatusView view;
  view.now = source.now;
  view.from_helper = source.from_helper;
  view.helper_needed = source.helper_needed;
  view.helper_pid = source.document["helper_pid"].number_or(0);
  view.helper_up = source.document["helper_up"].truth() && is_process(view.helper_pid);
  for (const Json& certificate : source.document["certificates"].items())
    view.rows.push_back(managed_row(certificate, view.now));
  for (const SuppliedInUse& supplied : source.supplied)
    view.rows.push_back(supplied_row(supplied, view.now));
  for (const StatusRow& row : view.rows) {
    ++view.counts[static_cast<std::size_t>(row.group)];
    if (!row.stage.empty()) ++view.orders_under_way;
  }
  std::sort(view.rows.begin(), view.rows.end(),
            [](const StatusRow& a, const StatusRow& b) { return order_of(a) < order_of(b); });
  view.document = std::move(source.document);
  return view;
}

Json status_document(const StatusView& view, const std::vector<SuppliedInUse>& supplied) {
  Json list = Json::array();
  auto set_time = [](Json& json, const char* key, WallTime time) {
    json.set(key, time == 0 ? Json::null() : Json::string(format_rfc3339(time)));
  };
  for (const SuppliedInUse& each : supplied) {
    const SuppliedCertificate& certificate = *each.certificate;
    Json item = Json::object();
    Json names = Json::array();
    for (const std::string& name : certificate.names) names.append(name);
    item.set("file", printable(certificate.file))
        .set("names", std::move(names))
        .set("state", supplied_state(each, view.now));
    if (certificate.error.empty()) {
      item.set("issuer_name", certificate.issuer_name).set("serial", certificate.serial);
      set_time(item, "not_before", certificate.not_before);
      set_time(item, "not_after", certificate.not_after);
    } else {
      item.set("error", certificate.error);
    }
    list.append(std::move(item));
  }
  Json out = view.document;
  out.set("helper_up", Json::boolean(view.helper_up));
  if (!view.helper_up) out.set("helper_pid", Json::null());
  out.set("asked", format_rfc3339(view.now)).set("supplied", std::move(list));
  return out;
}

}  // namespace acme::serve
