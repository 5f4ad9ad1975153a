#include "config/site_directives.h"

#include <algorithm>

#include "base/text.h"
#include "config/names.h"
#include "config/values.h"

namespace acme {
namespace {

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}

bool is_switch(std::string_view word) {
  return bool(parse_switch(word));
}

Result<std::vector<std::string>> parse_issuers(const std::vector<std::string>& words) {
  std::vector<std::string> issuers;
  for (const std::string& word : words) {
    if (is_switch(word)) return wrong("\"" + word + "\" stands alone: write on, off, or issuers");
    ACME_TRY(std::string id, parse_id("an issuer", word));
    if (std::find(issuers.begin(), issuers.end(), id) != issuers.end())
      return wrong("the issuer \"" + id + "\" is given twice");
    issuers.push_back(std::move(id));
  }
  return issuers;
}

// A name that the operator wrote for a certificate: wildcards are settled by
// resolve(). `.example.com` stands for the apex and www, as nginx-acme has it.
Outcome add_name(CertificateDirective& directive, const std::string& text) {
  CheckedName checked = check_name(text);
  switch (checked.kind) {
    case NameKind::dotted:
      directive.names.push_back(checked.name);
      directive.names.push_back("www." + checked.name);
      return {};
    case NameKind::host:
    case NameKind::wildcard:
    case NameKind::single_label:
      directive.names.push_back(checked.name);
      return {};
    case NameKind::ip_address:
    case NameKind::international:
    case NameKind::no_name:
      break;
  }
  return wrong("\"" + printable(text) + "\" cannot be in a certificate: " + checked.reason);
}

Outcome add_parameter(CertificateDirective& directive, std::string_view key,
                      const std::string& value) {
  if (key == "name") {
    if (!directive.id.empty()) return wrong("name= is given twice");
    ACME_TRY(directive.id, parse_id("a certificate", value));
    return {};
  }
  if (key == "key") {
    if (!directive.keys.empty()) return wrong("key= is given twice: write key=ecdsa:256,rsa:2048");
    ACME_TRY(directive.keys, parse_keys(split(value, ',')));
    return {};
  }
  return wrong("unknown parameter \"" + printable(key) + "=\": known are name= and key=");
}

}  // namespace

std::string to_string(const Place& place) {
  return place.file + ":" + std::to_string(place.line);
}

Result<EngineDirective> parse_engine(const std::vector<std::string>& values, Place place) {
  EngineDirective directive;
  directive.place = std::move(place);
  if (values.size() == 1 && is_switch(values[0])) {
    directive.mode =
        *parse_switch(values[0]) ? EngineDirective::Mode::on : EngineDirective::Mode::off;
    return directive;
  }
  directive.mode = EngineDirective::Mode::issuers;
  ACME_TRY(directive.issuers, parse_issuers(values));
  return directive;
}

Result<CertificateDirective> parse_certificate(const std::vector<std::string>& values,
                                               Place place) {
  CertificateDirective directive;
  directive.place = std::move(place);
  ACME_TRY(directive.issuers, parse_issuers(split(values.front(), ',')));
  for (std::size_t i = 1; i < values.size(); ++i) {
    std::size_t equals = values[i].find('=');
    if (equals == std::string::npos) {
      ACME_CHECK(add_name(directive, values[i]));
    } else {
      ACME_CHECK(add_parameter(directive, std::string_view(values[i]).substr(0, equals),
                               values[i].substr(equals + 1)));
    }
  }
  return directive;
}

}  // namespace acme
