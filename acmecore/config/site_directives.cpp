#include "config/site_directives.h"

#include <algorithm>
#include <span>

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
// resolve().
Result<CheckedName> parse_name(const std::string& text) {
  CheckedName checked = check_name(text);
  switch (checked.kind) {
    case NameKind::dotted:
    case NameKind::host:
    case NameKind::wildcard:
    case NameKind::single_label:
    case NameKind::ip_address:
      return checked;
    case NameKind::no_name:
      break;
  }
  return wrong("\"" + printable(text) + "\" cannot be in a certificate: " + checked.reason);
}

// `.example.com` stands for the apex and www, as nginx-acme has it.
Outcome add_certificate_name(CertificateDirective& directive, const std::string& text) {
  ACME_TRY(CheckedName checked, parse_name(text));
  directive.names.push_back(checked.name);
  if (checked.kind == NameKind::dotted) directive.names.push_back("www." + checked.name);
  return {};
}

Outcome add_domain_name(CertificateDirective& directive, const std::string& text) {
  ACME_TRY(CheckedName checked, parse_name(text));
  if (checked.kind == NameKind::dotted)
    return wrong("\"" + printable(text) + "\" is no name: write " + checked.name + " and www." +
                 checked.name);
  directive.names.push_back(std::move(checked.name));
  return {};
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

Outcome add_domain_parameter(CertificateDirective& directive, std::string_view key,
                             const std::string& value) {
  if (key == "name" || key == "key") return add_parameter(directive, key, value);
  if (key != "issuer")
    return wrong("unknown parameter \"" + printable(key) +
                 "=\": known are name=, issuer= and key=");
  if (!directive.issuers.empty()) return wrong("issuer= is given twice: write issuer=one,other");
  ACME_TRY(directive.issuers, parse_issuers(split(value, ',')));
  return {};
}

using AddName = Outcome(CertificateDirective&, const std::string&);
using AddParameter = Outcome(CertificateDirective&, std::string_view, const std::string&);

// Names and parameters (what has a "=") in any order.
Outcome add_words(CertificateDirective& directive, std::span<const std::string> words,
                  AddName& add_name, AddParameter& add_parameter) {
  for (const std::string& word : words) {
    std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      ACME_CHECK(add_name(directive, word));
    } else {
      ACME_CHECK(add_parameter(directive, std::string_view(word).substr(0, equals),
                               word.substr(equals + 1)));
    }
  }
  return {};
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
  ACME_CHECK(
      add_words(directive, std::span(values).subspan(1), add_certificate_name, add_parameter));
  return directive;
}

Result<CertificateDirective> parse_domain(const std::vector<std::string>& values, Place place) {
  CertificateDirective directive;
  directive.key = "domain";
  directive.place = std::move(place);
  ACME_CHECK(add_words(directive, values, add_domain_name, add_domain_parameter));
  if (directive.names.empty())
    return wrong("there is no name: write those of the certificate, the first one first");
  return directive;
}

}  // namespace acme
