#include "ctl/pages.h"

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

constexpr std::size_t kLabel = 18;

std::string text_of(const Json& value, const char* otherwise = "-") {
  return printable(value.text_or(otherwise));
}

// "2027-01-15T08:00:00Z (in 60 d)"; empty: not known.
std::string when(const Json& value, WallTime now) {
  auto time = parse_rfc3339(value.text_or(""));
  return time ? format_rfc3339(*time) + " (" + format_relative(*time - now) + ")" : "";
}

class Page {
 public:
  Page(WallTime now, std::size_t width) : now_(now), width_(width) {}

  void add(const char* what, const std::string& value) {
    if (value.empty()) return;
    std::string label = std::string("  ") + what;
    label.resize(kLabel, ' ');
    text_ += wrapped(label + value, width_, kLabel);
  }

  void add_certificate(const Json& certificate) {
    text_ += text_of(certificate["id"], "?") + " (" + text_of(certificate["key"], "?") + ")\n";
    std::string state = text_of(certificate["state"], "?");
    if (certificate["waiting_for_reload"].truth()) state += ", waits for a reload";
    add("state", state);
    add("under way", text_of(certificate["stage"], ""));
    add_names(certificate["names"]);
    add("issuer", issuer_of(certificate));
    add("serial", text_of(certificate["serial"], ""));
    add("valid from", when(certificate["not_before"], now_));
    add("ends", when(certificate["not_after"], now_));
    if (auto revoked = when(certificate["revoked"], now_); !revoked.empty())
      add("revoked", revoked + ", " + text_of(certificate["revocation_reason"]));
    add_shown(certificate["shown"]);
    add("renewal", when(certificate["renew_at"], now_));
    add_suggestion(certificate["renewal_info"]);
    add("last try", when(certificate["last_try"], now_));
    add_failures(certificate);
  }

  std::string take() { return std::move(text_); }

 private:
  void add_names(const Json& names) {
    const char* label = "names";
    for (const Json& name : names.items()) {
      add(label, text_of(name, "?"));
      label = "";
    }
  }

  // By this server's own listeners, looked at from this machine.
  void add_shown(const Json& shown) {
    auto state = shown["state"].text();
    if (!state) return;
    std::string text = *state == "current" ? "yes, at " : printable(*state) + ", at ";
    text += text_of(shown["where"], "?");
    if (auto seen = shown["seen"].text()) text += ": " + printable(*seen);
    add("shown", text + ", " + when(shown["at"], now_));
  }

  static std::string issuer_of(const Json& certificate) {
    std::string issuer = text_of(certificate["issuer"]);
    if (auto name = certificate["issuer_name"].text()) issuer += " (" + printable(*name) + ")";
    if (auto asked = certificate["asked_issuer"].text())
      issuer += "; " + printable(*asked) + " is asked";
    return issuer;
  }

  void add_suggestion(const Json& info) {
    if (!info["window_start"].text()) return;
    add("CA suggests", text_of(info["window_start"]) + " to " + text_of(info["window_end"]));
    add("", text_of(info["explanation_url"], ""));
  }

  void add_failures(const Json& certificate) {
    if (const std::int64_t failures = certificate["failures"].number_or(0); failures > 0) {
      add("failures", std::to_string(failures) + " in a row");
      add("last error", text_of(certificate["last_error"]));
      add("", when(certificate["last_error_at"], now_));
    }
    add("next try", when(certificate["next_try"], now_));
    for (const Json& name : certificate["left_out"].items())
      add("left out", text_of(name["name"], "?") + ": " + text_of(name["last_error"], "") + " " +
                          when(name["last_try"], now_));
    for (const Json& left : certificate["left_issuers"].items())
      add("was left", text_of(left["issuer"], "?") + ": " + text_of(left["last_error"], "") + " " +
                          when(left["last_error_at"], now_));
  }

  WallTime now_;
  std::size_t width_;
  std::string text_;
};

}  // namespace

std::string certificate_pages(const Json& status, WallTime now, std::size_t width) {
  std::string out;
  if (!status["helper_up"].truth())
    out += "No server is running here: this is what the store says.\n";
  for (const Json& certificate : status["certificates"].items()) {
    Page page(now, width);
    page.add_certificate(certificate);
    out += (out.empty() ? "" : "\n") + page.take();
  }
  return out;
}

}  // namespace acme::ctl
