#include "keeper/notice.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostNames = 100;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? printable(name) : std::string();
}

void set_text(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json.set(key, printable(text));
}

void set_time(Json& json, const char* key, WallTime time) {
  if (time > 0) json.set(key, format_rfc3339(time));
}

}  // namespace

std::string Notice::subject() const {
  return std::string(event_name(event)) + " of " + (certificate.empty() ? issuer : certificate);
}

Notice notice_of(const Managed& managed, Event event, std::string message) {
  Notice notice{event, std::move(message)};
  notice.certificate = managed.lineage.certificate;
  notice.key = managed.lineage.key;
  notice.names = managed.config->names;
  if (managed.stored) {
    notice.issuer = managed.stored->issuer;
    notice.not_after = managed.stored->not_after;
  }
  return notice;
}

Json notice_json(const Notice& notice, const Config& config, const std::string& id, WallTime now) {
  Json out = Json::object();
  out.set("version", std::int64_t{1})
      .set("id", id)
      .set("event", event_name(notice.event))
      .set("time", format_rfc3339(now))
      .set("host", host_name())
      .set("server", config.server == ServerKind::httpd ? "httpd" : "nginx")
      .set("message", notice.message);
  set_text(out, "certificate", notice.certificate);
  if (notice.key) out.set("key", key_type_name(*notice.key));
  if (!notice.names.empty()) {
    Json names = Json::array();
    const std::size_t count = std::min(notice.names.size(), kMostNames);
    for (std::size_t i = 0; i < count; ++i) names.append(notice.names[i]);
    out.set("names", std::move(names));
  }
  set_text(out, "issuer", notice.issuer);
  set_text(out, "error", notice.error);
  if (!notice.url.empty()) out.set("url", notice.url);  // whole, or it is of no use
  set_time(out, "not_after", notice.not_after);
  set_time(out, "next_try", notice.next_try);
  if (notice.failures != 0) out.set("failures", std::int64_t{notice.failures});
  return out;
}

}  // namespace acme::keeper
