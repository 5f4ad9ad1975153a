#include "serve/status_rows.h"

#include <algorithm>

#include "serve/status_advice.h"

namespace acme::serve {
namespace {

constexpr std::size_t kNamesShown = 3;

std::string_view colour_of(const StatusRow& row) {
  if (row.state == "expiring" || row.state == "renewal failing" || row.state == "pending")
    return row.group == StatusRow::Group::attention ? "warn" : "busy";
  if (row.group == StatusRow::Group::attention) return row.state == "valid" ? "warn" : "bad";
  if (row.group == StatusRow::Group::under_way) return "busy";
  return row.state == "replaced" ? "soft" : "good";
}

// A day where days are left, else with its hour.
std::string date_of(WallTime time, WallTime now) {
  std::string text = format_rfc3339(time);
  std::string date = text.substr(0, 10);
  if (time - now < 2 * kDay) date += " " + text.substr(11, 5) + " UTC";
  return "<time datetime=\"" + text + "\">" + date + "</time>";
}

void write_names(StatusOutput& out, const StatusRow& row) {
  const std::vector<std::string>& names = row.names;
  const std::string first = names.empty() ? row.id : names.front();
  const std::string& title = row.supplied ? first : row.id;
  out << "<th scope=\"row\">" << escaped(title);
  if (row.supplied && title != row.id)
    out << "<span class=\"soft\">" << escaped(row.id) << "</span>";
  std::vector<std::string> others;
  for (const std::string& name : names)
    if (name != title) others.push_back(escaped(name));
  const std::size_t shown = others.size() <= kNamesShown + 1 ? others.size() : kNamesShown;
  for (std::size_t i = 0; i < shown; ++i)
    out << (i == 0 ? "<span class=\"soft\">" : ", ") << others[i];
  if (shown != 0) out << "</span>";
  if (shown < others.size()) {
    out << "<details><summary>and " << others.size() - shown << " more</summary>";
    for (std::size_t i = shown; i < others.size(); ++i)
      out << (i == shown ? "" : ", ") << others[i];
    out << "</details>";
  }
  out << "</th>";
}

void write_state(StatusOutput& out, const StatusRow& row) {
  out << "<td data-label=\"State\"><span class=\"state " << colour_of(row) << "\">"
      << escaped(row.state) << "</span>";
  if (row.failures > 1) out << "<small>" << std::to_string(row.failures) << " tries failed</small>";
  if (!row.revocation_reason.empty())
    out << "<small>" << escaped(row.revocation_reason) << "</small>";
  if (row.supplied)
    out << (row.state == "replaced" ? "<small>a managed certificate answers instead</small>"
                                    : "<small>supplied by a file</small>");
  out << "</td>";
}

// What is left of its life, and where renewal begins.
void write_bar(StatusOutput& out, const StatusRow& row, WallTime now) {
  const WallTime life = row.not_after - row.not_before;
  if (life <= 0) return;
  auto per_cent = [&](WallTime left) {
    return std::to_string(std::clamp<WallTime>(left * 100 / life, 0, 100));
  };
  const std::string left = per_cent(row.not_after - now);
  out << "<svg class=\"" << colour_of(row)
      << "\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
         "<path class=\"track\" d=\"M0 0h100v8H0z\"/><path d=\"M0 0h"
      << left << "v8H0z\"/>";
  if (row.renew_at != 0)
    out << "<path class=\"tick\" d=\"M" << per_cent(row.not_after - row.renew_at)
        << " 0h1v8h-1z\"/>";
  out << "</svg>";
}

void write_time_left(StatusOutput& out, const StatusRow& row, WallTime now) {
  out << "<td data-label=\"Left\">";
  if (row.not_after == 0) {
    out << "<span class=\"soft\">" << time_left(row, now) << "</span></td>";
    return;
  }
  out << "<span>" << time_left(row, now) << " " << date_of(row.not_after, now) << "</span>";
  write_bar(out, row, now);
  out << "</td>";
}

void write_issuer(StatusOutput& out, const StatusRow& row) {
  const std::string& first = row.supplied ? row.issuer_name : row.issuer;
  out << "<td data-label=\"Issuer\"><span>" << (first.empty() ? "\u2013" : escaped(first))
      << "</span>";
  std::string more = row.supplied ? std::string() : row.issuer_name;
  if (!row.key.empty()) more += (more.empty() ? "" : ", ") + row.key;
  if (!more.empty()) out << "<small>" << escaped(more) << "</small>";
  out << "</td>";
}

// The steps of an order, as far as its stage is one of them.
void write_steps(StatusOutput& out, const std::string& stage) {
  struct Step {
    std::string_view stage;
    std::string_view words;
  };
  static constexpr Step kSteps[] = {{"ordering", "order"},
                                    {"validating", "prove the names"},
                                    {"finalizing", "request the certificate"},
                                    {"downloading", "fetch it"}};
  // Records in DNS are part of the proof.
  const bool dns = stage.find("DNS") != std::string::npos || stage.find("TXT") != std::string::npos;
  const std::string_view at = dns ? "validating" : std::string_view(stage);
  const auto* now = std::find_if(std::begin(kSteps), std::end(kSteps),
                                 [at](const Step& step) { return step.stage == at; });
  if (now != std::end(kSteps)) {
    out << "<ol class=\"steps\">";
    for (const Step& step : kSteps)
      out << "<li"
          << (&step < now    ? " class=\"done\""
              : &step == now ? " class=\"now\""
                             : "")
          << ">" << step.words << "</li>";
    out << "</ol>";
  }
  if (now == std::end(kSteps) || dns)
    out << "<p class=\"advice\">Now: " << escaped(stage) << "</p>";
}

void write_advice(StatusOutput& out, const StatusRow& row) {
  std::string advice(advice_on(row.last_error));
  if (advice.empty()) return;
  if (std::size_t at = advice.find(kAdviceName); at != std::string::npos)
    advice.replace(at, kAdviceName.size(), row.id);
  out << "<p class=\"advice\">" << escaped(advice) << "</p>";
}

void write_more(StatusOutput& out, const StatusRow& row, WallTime now) {
  // What a renewal since has made good is history.
  const bool failing = !row.last_error.empty() && (row.supplied || row.failures > 0);
  if (!failing && row.stage.empty() && row.notes.empty()) return;
  out << "<tr class=\"more\"><td colspan=\"5\">";
  if (!row.stage.empty()) write_steps(out, row.stage);
  if (failing) {
    out << "<p>" << escaped(row.last_error);
    if (row.last_error_at != 0)
      out << " <span class=\"soft\">(" << format_relative(row.last_error_at - now) << ")</span>";
    out << "</p>";
    if (!row.supplied) write_advice(out, row);
  }
  for (const std::string& note : row.notes) out << "<p>" << escaped(note) << "</p>";
  out << "</td></tr>";
}

}  // namespace

std::string time_left(const StatusRow& row, WallTime now) {
  if (row.not_after == 0) return row.supplied ? "unknown" : "none yet";
  const WallTime left = row.not_after - now;
  if (left <= 0) return "ended " + format_relative(left);
  if (left >= 2 * kDay) return std::to_string(left / kDay) + " days";
  std::string text = format_relative(left);  // "in 3 h"
  return text.starts_with("in ") ? text.substr(3) : text;
}

std::string next_step(const StatusRow& row, WallTime now) {
  if (row.supplied) {
    if (row.state == "replaced") return "nothing: it can be removed";
    if (row.state == "unreadable") return "see that the file is there";
    return row.group == StatusRow::Group::attention ? "renew the file, or have it managed here"
                                                    : "not renewed here";
  }
  if (row.waiting_for_reload) return "the server's next reload";
  if (!row.stage.empty()) return "order under way";
  // A renewal that was asked for early and failed leaves the planned one.
  const bool planned = row.next_try == 0 && row.renew_at > now;
  if ((row.failures > 0 && !planned) || row.state == "pending" || row.state == "failing") {
    if (row.next_try > now) return "next try " + format_relative(row.next_try - now);
    return row.state == "pending" ? "first order" : "next try is due";
  }
  if (row.renew_at == 0) return "no renewal planned";
  if (row.renew_at <= now) return "renewal is due";
  return "renewal " + format_relative(row.renew_at - now);
}

void write_row(StatusOutput& out, const StatusRow& row, WallTime now) {
  out << "<tr>";
  write_names(out, row);
  write_state(out, row);
  write_time_left(out, row, now);
  write_issuer(out, row);
  out << "<td data-label=\"Next\"><span>" << next_step(row, now) << "</span></td></tr>\n";
  write_more(out, row, now);
}

}  // namespace acme::serve
