#include "serve/status_metrics.h"

#include <map>

namespace acme::serve {
namespace {

constexpr std::string_view kPrefix = "acmecore_";
// Each has a series of its own in acmecore_certificates, at 0 too: alarms need no absent().
constexpr std::string_view kStates[] = {"valid",           "pending",    "failing",
                                        "renewal failing", "revoked",    "expiring",
                                        "expired",         "unreadable", "replaced"};

std::string label(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

class Metrics {
 public:
  explicit Metrics(StatusOutput& out) : out_(out) {}

  // All samples of it follow at once.
  void family(std::string_view name, std::string_view help) {
    name_ = name;
    out_ << "# HELP " << kPrefix << name << " " << help << "\n# TYPE " << kPrefix << name
         << " gauge\n";
  }
  void sample(std::string_view labels, std::int64_t value) {
    out_ << kPrefix << name_;
    if (!labels.empty()) out_ << "{" << labels << "}";
    out_ << " " << std::to_string(value) << "\n";
  }

 private:
  StatusOutput& out_;
  std::string_view name_;
};

std::string pair(std::string_view key, std::string_view value) {
  return std::string(key) + "=\"" + label(value) + "\"";
}

std::string labels_of(const StatusRow& row) {
  return pair("certificate", row.id) + "," + pair("key", row.key) + "," +
         pair("issuer", row.supplied ? row.issuer_name : row.issuer) + "," +
         pair("source", row.supplied ? "supplied" : "managed");
}

void write_server(Metrics& out, const StatusView& view) {
  const Json& document = view.document;
  out.family("info", "Versions and settings, as labels.");
  out.sample(pair("version", ACME_VERSION) + "," + pair("server", document["server"].text_or("")) +
                 "," + pair("server_version", document["server_version"].text_or("")) + "," +
                 pair("activation", document["activation"].text_or("")),
             1);
  out.family("helper_up", "Whether the process that orders and renews is running.");
  out.sample("", view.helper_up ? 1 : 0);
  out.family("orders_under_way", "Certificates that something is being done for now.");
  out.sample("", static_cast<std::int64_t>(view.orders_under_way));
}

void write_issuers(Metrics& out, const StatusView& view) {
  const std::vector<Json> issuers = view.document["issuers"].items();
  out.family("issuer_account", "Whether there is an account at this issuer.");
  for (const Json& issuer : issuers)
    out.sample(pair("issuer", issuer["id"].text_or("")) + "," +
                   pair("directory_url", issuer["directory_url"].text_or("")),
               issuer["account"].text() ? 1 : 0);
  out.family("issuer_waiting", "Whether orders wait for the rate limits of this issuer.");
  for (const Json& issuer : issuers)
    out.sample(pair("issuer", issuer["id"].text_or("")), issuer["stage"].text() ? 1 : 0);
  out.family("issuer_clock_ahead_seconds",
             "How far this machine's clock is ahead of the issuer's, where that is over an hour.");
  for (const Json& clock : view.document["clocks_off"].items())
    out.sample(pair("issuer", clock["issuer"].text_or("")), clock["ahead_seconds"].number_or(0));
}

void write_states(Metrics& out, const StatusView& view) {
  std::map<std::string_view, std::int64_t> counts;
  for (std::string_view state : kStates) counts[state] = 0;
  for (const StatusRow& row : view.rows) ++counts[row.state];
  out.family("certificates", "How many certificates are in each state.");
  for (const auto& [state, count] : counts) out.sample(pair("state", state), count);
  out.family("certificate_state", "The state of each certificate, as a label.");
  for (const StatusRow& row : view.rows)
    out.sample(labels_of(row) + "," + pair("state", row.state), 1);
}

void write_times(Metrics& out, const StatusView& view) {
  struct Time {
    std::string_view name;
    WallTime StatusRow::*member;
    std::string_view help;
  };
  static constexpr Time kTimes[] = {
      {"certificate_not_after_seconds", &StatusRow::not_after,
       "When the certificate ends, in seconds since 1970."},
      {"certificate_renewal_seconds", &StatusRow::renew_at,
       "When its renewal begins, in seconds since 1970."},
      {"certificate_last_failure_seconds", &StatusRow::last_error_at,
       "When an order for it last failed, in seconds since 1970."},
      {"certificate_next_try_seconds", &StatusRow::next_try,
       "When the next order is tried after a failure, in seconds since 1970."},
  };
  for (const Time& time : kTimes) {
    out.family(time.name, time.help);
    for (const StatusRow& row : view.rows)
      if (row.*time.member != 0) out.sample(labels_of(row), row.*time.member);
  }
  out.family("certificate_failures", "Tries in a row that have failed.");
  for (const StatusRow& row : view.rows)
    if (!row.supplied) out.sample(labels_of(row), row.failures);
}

}  // namespace

void write_metrics(StatusOutput& out, const StatusView& view) {
  Metrics metrics(out);
  write_server(metrics, view);
  write_issuers(metrics, view);
  write_states(metrics, view);
  write_times(metrics, view);
}

}  // namespace acme::serve
