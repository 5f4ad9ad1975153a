#include "ctl/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

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
  if (certificate["failures"].number_or(0) > 0 && certificate["next_try"].text())
    next = "try " + when(certificate["next_try"], now);
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

constexpr std::size_t kNarrowest = 10;  // of a column that is cut
constexpr std::size_t kGap = 2;

// The widest columns give until the row fits, none below what still says something.
void fit(std::vector<std::size_t>& widths, std::size_t width) {
  std::size_t all = (widths.size() - 1) * kGap;
  for (std::size_t each : widths) all += each;
  while (all > width) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
    --all;
  }
}

void append_row(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::string cell = row[i];
    if (cell.size() > widths[i]) cell = cell.substr(0, widths[i] - 2) + "..";
    out += cell;
    if (i + 1 < row.size()) out += std::string(widths[i] - cell.size() + kGap, ' ');
  }
  out += '\n';
}

}  // namespace

std::string aligned(const std::vector<Row>& rows, std::size_t width) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  if (width != 0) fit(widths, width);
  std::string out;
  for (const Row& row : rows) append_row(out, row, widths);
  return out;
}

std::string wrapped(const std::string& line, std::size_t width, std::size_t indent) {
  std::string out;
  std::string rest = line;
  while (width != 0 && rest.size() > width) {
    std::size_t end = rest.rfind(' ', width);
    // Where no word ends, not in the indent, it is broken anywhere.
    if (end == std::string::npos || end <= indent || rest.find_first_not_of(' ') > end) end = width;
    out += rest.substr(0, end) + "\n";
    const std::size_t next = rest.find_first_not_of(' ', end);
    if (next == std::string::npos) return out;
    rest = std::string(std::min(indent, width / 2), ' ') + rest.substr(next);
  }
  return out + rest + "\n";
}

std::size_t terminal_width() {
  winsize size{};
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) return 0;
  return size.ws_col;
}

std::string status_table(const Json& status, WallTime now, std::size_t width) {
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
  out += aligned(rows, width);
  for (const Json& issuer : status["issuers"].items())
    if (auto stage = issuer["stage"].text())
      errors += printable(issuer["id"].text_or("?")) + ": " + printable(*stage) + "\n";
  if (errors.empty()) return out;
  out += "\n";
  for (const std::string& line : split(trim(errors), '\n')) out += wrapped(line, width, kGap);
  return out;
}

}  // namespace acme::ctl
