// A status as the keeper writes it, in a few words, and what the page, the JSON and the metrics
// make of it.
#pragma once

#include <unistd.h>

#include <string>

#include "serve/status_metrics.h"
#include "serve/status_page.h"
#include "unit/check.h"

namespace acme::test {

using namespace acme::serve;

inline constexpr WallTime kNow = 1'800'000'000;

inline Json time_json(WallTime time) {
  return Json::string(format_rfc3339(time));
}

struct StatusExample {
  // A valid one, with two thirds of its 90 days left.
  Json certificate(const std::string& id) {
    Json names = Json::array();
    names.append(id).append("www." + id);
    return Json::object()
        .set("id", id)
        .set("key", "ecdsa:256")
        .set("names", names)
        .set("state", "valid")
        .set("issuer", "letsencrypt")
        .set("issuer_name", "E7")
        .set("not_before", time_json(kNow - 30 * kDay))
        .set("not_after", time_json(kNow + 60 * kDay))
        .set("renew_at", time_json(kNow + 30 * kDay))
        .set("failures", std::int64_t{0});
  }
  Json failing(const std::string& id, const std::string& error) {
    return certificate(id)
        .set("state", "failing")
        .set("not_after", Json::null())
        .set("renew_at", Json::null())
        .set("failures", std::int64_t{3})
        .set("next_try", time_json(kNow + kHour))
        .set("last_error", error)
        .set("last_error_at", time_json(kNow - kHour));
  }
  StatusExample& add(const Json& certificate) {
    certificates.append(certificate);
    return *this;
  }
  SuppliedCertificate& supply(const std::string& file, const std::string& name, WallTime left) {
    SuppliedCertificate certificate;
    certificate.file = file;
    certificate.names = {name};
    certificate.issuer_name = "Company CA";
    certificate.serial = "0a";
    certificate.not_before = kNow + left - 365 * kDay;
    certificate.not_after = kNow + left;
    return *supplied.emplace(supplied.end(), certificate);
  }

  StatusSource source() const {
    StatusSource out;
    Json issuers = Json::array();
    issuers.append(Json::object()
                       .set("id", "letsencrypt")
                       .set("directory_url", "https://ca.example/dir")
                       .set("account", "https://ca.example/acct/1"));
    out.document = Json::object()
                       .set("version", std::int64_t{1})
                       .set("server", "nginx")
                       .set("server_version", "nginx/1.22.1")
                       .set("activation", "live")
                       .set("helper_up", Json::boolean(true))
                       .set("helper_pid", helper_pid)
                       .set("written", format_rfc3339(kNow - 20))
                       .set("issuers", issuers)
                       .set("certificates", certificates);
    out.from_helper = true;
    out.now = kNow;
    for (const SuppliedCertificate& each : supplied)
      out.supplied.push_back({&each, each.file == replaced});
    return out;
  }
  StatusView view() const { return make_status_view(source()); }
  std::string page(const std::string& query = "") const {
    const StatusQuery parsed = REQUIRE_OK(parse_status_query(query));
    return written([&](StatusOutput& out) { write_page(out, view(), parsed); });
  }
  std::string metrics() const {
    return written([&](StatusOutput& out) { write_metrics(out, view()); });
  }
  template <class Writer>
  static std::string written(Writer&& write) {
    std::string text;
    StatusOutput out([&](std::string_view piece) {
      text += piece;
      return true;
    });
    write(out);
    out.flush();
    return text;
  }

  Json certificates = Json::array();
  std::vector<SuppliedCertificate> supplied;
  std::string replaced;
  std::int64_t helper_pid = getpid();
};

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
inline std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

}  // namespace acme::test
