#include "serve/status_page.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/text.h"
#include "serve/status_rows.h"
#include "serve/status_style.h"

namespace acme::serve {
namespace {

using Group = StatusRow::Group;

constexpr std::size_t kRowsOfPage = 200;
constexpr std::size_t kRowsOfSection = 50;
constexpr std::string_view kTitles[] = {"Needs attention", "Under way", "Fine"};

std::string count_of(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

// The whole in one sentence.
std::string verdict(const StatusView& view) {
  const std::size_t attention = view.count(Group::attention);
  const std::size_t under_way = view.count(Group::under_way);
  if (view.rows.empty()) return "There are no certificates yet";
  if (attention == 1) return "1 certificate needs attention";
  if (attention > 1) return count_of(attention, "certificate") + " need attention";
  if (view.helper_needed && !view.helper_up) return "The helper is not running";
  if (under_way == view.rows.size()) return count_of(under_way, "certificate") + " under way";
  if (view.rows.size() == 1) return "The certificate is in order";
  if (under_way != 0)
    return "All in order, " + std::to_string(under_way) + " of " +
           count_of(view.rows.size(), "certificate") + " under way";
  return "All " + count_of(view.rows.size(), "certificate") + " are in order";
}

void note(StatusOutput& out, std::string_view kind, const std::string& words) {
  out << "<p class=\"note" << (kind.empty() ? "" : " ") << kind << "\">" << escaped(words)
      << "</p>\n";
}

void write_warnings(StatusOutput& out, const StatusView& view) {
  if (view.helper_needed && !view.helper_up)
    note(out, "alarm",
         view.from_helper
             ? "The helper is not running: nothing is ordered or renewed. What is shown was true "
               "at " +
                   view.document["written"].text_or("an unknown time") +
                   ". The server's error log says why; it is started again by itself."
             : "The helper has not said anything yet: nothing is ordered or renewed until it "
               "runs. What is shown is what this server serves. If this stays, the server's "
               "error log says why.");
  for (const Json& clock : view.document["clocks_off"].items())
    note(out, "alarm",
         "This machine's clock is " + clock_difference(clock["ahead_seconds"].number_or(0)) +
             " that of " + clock["issuer"].text_or("?") +
             ": renewals wait until they agree. Set the clock.");
  for (const Json& issuer : view.document["issuers"].items()) {
    const std::string id = issuer["id"].text_or("?");
    if (auto stage = issuer["stage"].text()) note(out, "", id + ": " + *stage);
    if (auto terms = issuer["new_terms_of_service"].text())
      note(out, "", id + " has new terms of service: " + *terms + " (then: acmectl account agree)");
  }
}

std::string link_to(const StatusQuery& query) {
  std::string text = to_string(query);
  return "?" + escaped(text);
}

void write_tiles(StatusOutput& out, const StatusView& view, const StatusQuery& query) {
  static constexpr std::string_view kColours[] = {"bad", "busy", "good"};
  auto tile = [&](std::string_view group, std::string_view colour, std::string_view words,
                  std::size_t number) {
    StatusQuery to;
    to.group = group;
    out << "<li><a href=\"" << link_to(to) << "\""
        << (query.group == group ? " aria-current=\"true\"" : "") << "><b"
        << (number == 0 || colour.empty() ? "" : " class=\"" + std::string(colour) + "\"") << ">"
        << number << "</b>" << words << "</a></li>\n";
  };
  out << "<ul class=\"tiles\">\n";
  tile("", "", view.rows.size() == 1 ? "certificate" : "certificates", view.rows.size());
  for (std::size_t i = 0; i < 3; ++i)
    tile(StatusRow::kGroups[i], kColours[i],
         i == 0   ? "need attention"
         : i == 1 ? "under way"
                  : "fine",
         view.counts[i]);
  out << "</ul>\n";
}

void write_search(StatusOutput& out, const StatusQuery& query) {
  out << "<form method=\"get\" role=\"search\"><input type=\"search\" name=\"q\" "
         "aria-label=\"Search\" placeholder=\"name, state or issuer\" value=\""
      << escaped(query.shown) << "\">";
  if (!query.group.empty())
    out << "<input type=\"hidden\" name=\"group\" value=\"" << escaped(query.group) << "\">";
  out << "<button type=\"submit\">Search</button>";
  if (!query.shown.empty() || !query.group.empty()) out << " <a href=\"?\">show all</a>";
  out << "</form>\n";
}

std::vector<const StatusRow*> chosen(const StatusView& view, const StatusQuery& query) {
  std::vector<const StatusRow*> rows;
  for (const StatusRow& row : view.rows) {
    if (!query.group.empty() &&
        StatusRow::kGroups[static_cast<std::size_t>(row.group)] != query.group)
      continue;
    if (!query.words.empty() && !row.matches(query.words)) continue;
    rows.push_back(&row);
  }
  return rows;
}

void write_tables(StatusOutput& out, std::span<const StatusRow* const> rows,
                  const std::map<Group, std::size_t>& totals, WallTime now) {
  const StatusRow* before = nullptr;
  for (const StatusRow* row : rows) {
    if (!out.wanted()) return;
    if (!before || before->group != row->group) {
      if (before) out << "</tbody></table>\n";
      out << "<h2>" << kTitles[static_cast<std::size_t>(row->group)] << "<small>"
          << totals.at(row->group)
          << "</small></h2>\n<table class=\"certificates\"><thead><tr><th "
             "scope=\"col\">Certificate</th>"
             "<th scope=\"col\">State</th><th scope=\"col\">Left</th><th scope=\"col\">Issuer</th>"
             "<th scope=\"col\">Next</th></tr></thead><tbody>\n";
    }
    write_row(out, *row, now);
    before = row;
  }
  if (before) out << "</tbody></table>\n";
}

void write_pages(StatusOutput& out, StatusQuery query, std::size_t pages) {
  if (pages < 2) return;
  const std::size_t here = query.page;
  const bool all = query.all;
  query.all = false;
  auto link = [&](std::size_t page, std::string_view words) {
    query.page = page;
    out << "<a href=\"" << link_to(query) << "\">" << words << "</a> ";
  };
  out << "<nav aria-label=\"Pages\">";
  if (all) {
    link(1, "in pages");
  } else {
    if (here > 1) link(here - 1, "\u2190 before");
    out << "<b>page " << here << " of " << pages << "</b> ";
    if (here < pages) link(here + 1, "after \u2192");
    query.all = true;
    link(1, "all on one page");
  }
  out << "</nav>\n";
}

void write_certificates(StatusOutput& out, const StatusView& view, StatusQuery query) {
  const std::vector<const StatusRow*> rows = chosen(view, query);
  if (rows.empty()) {
    out << "<p class=\"soft\">"
        << (view.rows.empty()
                ? "Neither is one managed here (acme, ACMEDomain), nor does a site have one of "
                  "its own."
                : "No certificate is like that.")
        << "</p>\n";
    return;
  }
  std::map<Group, std::size_t> totals;
  for (const StatusRow* row : rows) ++totals[row->group];
  const std::size_t pages = (rows.size() + kRowsOfPage - 1) / kRowsOfPage;
  query.page = std::min(query.page, pages);
  std::span<const StatusRow* const> shown(rows);
  if (!query.all) {
    shown = shown.subspan((query.page - 1) * kRowsOfPage);
    shown = shown.first(std::min(shown.size(), kRowsOfPage));
  }
  if (query.page > 1) write_pages(out, query, pages);
  write_tables(out, shown, totals, view.now);
  write_pages(out, query, pages);
}

void write_issuers(StatusOutput& out, const StatusView& view) {
  const std::vector<Json> issuers = view.document["issuers"].items();
  if (issuers.empty()) return;
  out << "<h2>Issuers</h2>\n<table class=\"issuers\"><thead><tr><th scope=\"col\">Issuer</th>"
         "<th scope=\"col\">Directory</th><th scope=\"col\">Account</th></tr></thead><tbody>\n";
  for (const Json& issuer : issuers) {
    const bool known = issuer["account"].present();
    out << "<tr><th scope=\"row\">" << escaped(issuer["id"].text_or("?"))
        << "</th><td data-label=\"Directory\"><span>"
        << escaped(issuer["directory_url"].text_or(""))
        << "</span></td><td data-label=\"Account\"><span>"
        << escaped(issuer["account"].text_or(known ? "none yet" : "")) << "</span></td></tr>\n";
  }
  out << "</tbody></table>\n";
}

void write_footer(StatusOutput& out, const StatusView& view) {
  out << "<footer>\n<p>";
  if (view.helper_up)
    out << "The helper runs as process " << std::to_string(view.helper_pid) << ". ";
  if (view.document["activation"].text_or("") == "reload")
    out << "New certificates are taken into use by a reload of the server. ";
  if (auto written = view.document["written"].text())
    out << "As of " << escaped(*written) << "; shown at ";
  else
    out << "Shown at ";
  out << format_rfc3339(view.now) << ".</p>\n<p>";
  if (!view.rows.empty())
    out << "The bar is what is left of a certificate's life, the mark in it where renewal "
           "begins. ";
  out << "For programs: <a href=\"?format=json\">JSON</a>, "
         "<a href=\"?format=prometheus\">Prometheus</a>. acmecore "
      << ACME_VERSION << ".</p></footer>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void write_page(StatusOutput& out, const StatusView& view, const StatusQuery& query) {
  const std::string title = verdict(view);
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"robots\" content=\"noindex\">\n<title>"
      << title << "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" << kStatusStyle
      << "</style>\n</head>\n<body>\n<header>\n<h1>" << title
      << "</h1>\n<p class=\"soft\">Certificates of "
      << escaped(view.document["server_version"].text_or(view.document["server"].text_or("")))
      << "</p>\n</header>\n<main>\n";
  write_warnings(out, view);
  write_tiles(out, view, query);
  if (!view.rows.empty()) write_search(out, query);
  write_certificates(out, view, query);
  write_issuers(out, view);
  out << "</main>\n";
  write_footer(out, view);
  out << "</body>\n</html>\n";
}

void write_section(StatusOutput& out, const StatusView& view) {
  out << "<hr />\n<h2>ACME certificates</h2>\n<p>" << verdict(view) << ".</p>\n";
  if (view.helper_needed && !view.helper_up && view.count(Group::attention) != 0)
    out << "<p>The helper is not running.</p>\n";
  std::size_t shown = 0;
  for (const StatusRow& row : view.rows) {
    if (row.group == Group::fine) break;
    if (shown == kRowsOfSection) {
      out << "<p>And more: see the page of acme-status.</p>\n";
      break;
    }
    if (shown++ == 0)
      out << "<table border=\"0\"><tr><th>Certificate</th><th>State</th><th>Left</th><th>Issuer"
             "</th><th>Next</th><th>Last error</th></tr>\n";
    out << "<tr><td>" << escaped(row.id) << "</td><td>" << escaped(row.state) << "</td><td>"
        << time_left(row, view.now) << "</td><td>"
        << escaped(row.supplied ? row.issuer_name : row.issuer) << "</td><td>"
        << next_step(row, view.now) << "</td><td>"
        << escaped(row.failures > 0 || row.supplied ? row.last_error : "") << "</td></tr>\n";
  }
  if (shown != 0) out << "</table>\n";
}

void write_lines(StatusOutput& out, const StatusView& view) {
  out << "ACMECertificates: " << view.rows.size()
      << "\nACMENeedAttention: " << view.count(Group::attention)
      << "\nACMEUnderWay: " << view.count(Group::under_way)
      << "\nACMEFine: " << view.count(Group::fine)
      << "\nACMEHelperUp: " << (view.helper_up ? "1" : "0") << "\n";
}

}  // namespace acme::serve
