#include "ctl/table.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace acme::ctl {
namespace {

std::string when(const Json& value, WallTime now) {
  auto text = value.text();
  auto time = text ? parse_rfc3339(*text) : std::nullopt;
  return time ? format_relative(*time - now) : "-";
}

Row certificate_row(const Json& certificate, WallTime now) {
  std::string next = when(certificate["renew_at"], now);
  if (certificate["failures"].number_or(0) > 0) next = "try " + when(certificate["next_try"], now);
  std::string stage = certificate["stage"].text_or("");
  std::string state = certificate["state"].text_or("?");
  if (certificate["waiting_for_reload"].truth()) state += ", waits for a reload";
  if (!stage.empty()) state += " (" + stage + ")";
  Row row = {certificate["id"].text_or("?"),     certificate["key"].text_or("?"),     state,
             certificate["issuer"].text_or("-"), when(certificate["not_after"], now), next};
  for (std::string& cell : row) cell = printable(cell);
  return row;
}

// Why the CA wants this certificate renewed when it does, in its own words.
std::string suggestion_line(const Json& certificate) {
  const Json& info = certificate["renewal_info"];
  auto url = info["explanation_url"].text();
  if (!url) return {};
  return printable(certificate["id"].text_or("?")) + ": the CA suggests renewal between " +
         printable(info["window_start"].text_or("?")) + " and " +
         printable(info["window_end"].text_or("?")) + ": " + printable(*url) + "\n";
}

std::string clock_line(const Json& clock) {
  const std::int64_t ahead = clock["ahead_seconds"].number_or(0);
  return "This machine's clock is " + clock_difference(ahead) + " that of " +
         printable(clock["issuer"].text_or("?")) +
         ": renewals wait until they agree. Set the clock.\n";
}

void append_row(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out += row[i];
    if (i + 1 < row.size()) out += std::string(widths[i] - row[i].size() + 2, ' ');
  }
  out += '\n';
}

}  // namespace

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) append_row(out, row, widths);
  return out;
}

std::string status_table(const Json& status, WallTime now) {
  std::vector<Row> rows = {{"CERTIFICATE", "KEY", "STATE", "ISSUER", "ENDS", "NEXT"}};
  std::string errors;
  for (const Json& certificate : status["certificates"].items()) {
    rows.push_back(certificate_row(certificate, now));
    errors += suggestion_line(certificate);
    if (auto error = certificate["last_error"].text();
        error && certificate["failures"].number_or(0) > 0)
      errors += rows.back()[0] + ": " + printable(*error) + " (" +
                when(certificate["last_error_at"], now) + ")\n";
    for (const Json& name : certificate["left_out"].items())
      errors += rows.back()[0] + ": " + printable(name["name"].text_or("?")) +
                " is left out: " + printable(name["last_error"].text_or("")) + " (" +
                when(name["last_try"], now) + ")\n";
    for (const Json& left : certificate["left_issuers"].items())
      errors += rows.back()[0] + ": " + printable(left["issuer"].text_or("?")) +
                " failed: " + printable(left["last_error"].text_or("")) + " (" +
                when(left["last_error_at"], now) + "); " +
                printable(certificate["asked_issuer"].text_or("?")) + " is asked instead\n";
  }
  for (const Json& issuer : status["issuers"].items())
    if (auto terms = issuer["new_terms_of_service"].text())
      errors += printable(issuer["id"].text_or("?")) +
                ": the CA has new terms of service: " + printable(*terms) + "\n";
  std::string out;
  if (!status["helper_up"].truth())
    out += "No server is running here: this is what the store says.\n";
  for (const Json& clock : status["clocks_off"].items()) out += clock_line(clock);
  out += aligned(rows);
  for (const Json& issuer : status["issuers"].items())
    if (auto stage = issuer["stage"].text())
      errors += printable(issuer["id"].text_or("?")) + ": " + printable(*stage) + "\n";
  return errors.empty() ? out : out + "\n" + errors;
}

}  // namespace acme::ctl
