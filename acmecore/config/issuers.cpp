#include "config/issuers.h"

#include <utility>

#include "base/text.h"
#include "config/dns_directives.h"
#include "config/preflight.h"
#include "config/rate_limits.h"
#include "config/values.h"

namespace acme {
namespace {

Outcome assign_contacts(IssuerSettings& issuer, const Values& values) {
  std::vector<std::string> contacts;
  for (const std::string& text : values) {
    ACME_TRY(std::string contact, parse_contact(text));
    contacts.push_back(std::move(contact));
  }
  issuer.contacts.insert(issuer.contacts.end(), contacts.begin(), contacts.end());
  return {};
}

// "ecdsa:257" is a slip of the pen, not a file of that name.
bool looks_like_key_type(std::string_view text) {
  return parse_key_type(text) || text == "ecdsa" || text == "rsa" || text.starts_with("ecdsa:") ||
         text.starts_with("rsa:");
}

Outcome assign_account_key(IssuerSettings& issuer, const std::string& text, std::string_view root) {
  if (looks_like_key_type(text)) {
    ACME_TRY(issuer.account_key, parse_key(text));
    issuer.account_key_file.clear();
  } else {
    ACME_TRY(issuer.account_key_file, parse_path(root, text));
  }
  return {};
}

// `profile NAME [require]`
Outcome assign_profile(IssuerSettings& issuer, const Values& values) {
  ACME_TRY(issuer.profile, parse_profile(values.front()));
  issuer.profile_required = values.size() == 2;
  if (issuer.profile_required && values[1] != "require")
    return fail(Errc::invalid_config, "\"" + printable(values[1]) +
                                          "\" behind the profile's name is not known: write "
                                          "require, or nothing");
  return {};
}

}  // namespace

std::vector<IssuerSettings> built_in_issuers() {
  std::vector<IssuerSettings> issuers(2);
  issuers[0].id = kDefaultIssuer;
  issuers[0].directory_url = kLetsEncrypt;
  issuers[1].id = kStagingIssuer;
  issuers[1].directory_url = kLetsEncryptStaging;
  return issuers;
}

IssuerConfig issuer_config(const IssuerSettings& settings, bool plain_http_listener) {
  IssuerConfig config;
  config.id = settings.id;
  config.directory_url =
      settings.directory_url.empty() ? std::string(kLetsEncrypt) : settings.directory_url;
  config.contacts = settings.contacts;
  config.challenges = settings.challenges;
  if (config.challenges.empty()) {
    config.challenges = {ChallengeType::http01, ChallengeType::tlsalpn01};
    if (!plain_http_listener) std::swap(config.challenges[0], config.challenges[1]);
    if (!settings.dns.empty()) config.challenges.push_back(ChallengeType::dns01);
  }
  config.account_key = settings.account_key;
  config.account_key_file = settings.account_key_file;
  config.ca_certificate_file = settings.ca_certificate_file;
  config.verify_tls = settings.verify_tls;
  config.orders_in_flight = settings.orders_in_flight;
  config.profile = settings.profile;
  config.profile_required = settings.profile_required;
  config.preferred_chain = settings.preferred_chain;
  config.common_name_in_csr = settings.common_name_in_csr;
  config.import_path = settings.import_path;
  config.external_account = settings.external_account;
  config.preflight = settings.preflight;
  config.dns = settings.dns;
  config.dns_alias = settings.dns_alias;
  config.dns_propagation = settings.dns_propagation;
  config.dns_resolvers = settings.dns_resolvers;
  config.staging = staging_of(settings);
  config.limits = settings.limits ? *settings.limits : known_rate_limits(config.directory_url);
  return config;
}

std::string staging_of(const IssuerSettings& settings) {
  if (!settings.staging.empty()) return settings.staging;
  const bool production = settings.directory_url.empty() || settings.directory_url == kLetsEncrypt;
  return production ? std::string(kStagingIssuer) : std::string();
}

IssuerSettings staging_like(const IssuerSettings& original, const IssuerSettings& staging) {
  IssuerSettings out = original;
  out.id = staging.id;
  out.directory_url = staging.directory_url;
  out.account_key_file.clear();
  out.ca_certificate_file.clear();
  out.verify_tls = true;
  out.preferred_chain.clear();  // the names of that CA's are others
  out.import_path.clear();
  out.external_account = {};
  out.limits.reset();
  out.staging.clear();
  return out;
}

std::vector<KeyType> issuer_keys(const IssuerSettings& settings) {
  if (settings.keys.empty()) return {KeyType::ecdsa256};
  return settings.keys;
}

Outcome assign_to_issuer(IssuerSettings& issuer, std::string_view key, const Values& values,
                         std::string_view root) {
  // Enabling ACME for an issuer accepts its terms: written or not makes no difference.
  if (key == "accept_terms") return {};
  const std::string& first = values.front();
  if (key == "contact") return assign_contacts(issuer, values);
  if (key == "account_key") return assign_account_key(issuer, first, root);
  if (key == "directory_url") {
    ACME_TRY(issuer.directory_url, parse_url(first));
  } else if (key == "challenge") {
    ACME_TRY(issuer.challenges, parse_challenges(values));
  } else if (key == "key") {
    ACME_TRY(issuer.keys, parse_keys(values));
  } else if (key == "trusted_certificate") {
    ACME_TRY(issuer.ca_certificate_file, parse_path(root, first));
  } else if (key == "verify") {
    ACME_TRY(issuer.verify_tls, parse_switch(first));
  } else if (key == "orders_in_flight") {
    ACME_TRY(issuer.orders_in_flight, parse_certificates(first, kMostOrdersInFlight));
  } else if (key == "profile") {
    return assign_profile(issuer, values);
  } else if (key == "preferred_chain") {
    ACME_TRY(issuer.preferred_chain, parse_common_name(first));
  } else if (key == "common_name") {
    ACME_TRY(issuer.common_name_in_csr, parse_switch(first));
  } else if (key == "import_path") {
    issuer.import_path.clear();
    if (first == "off") return {};
    ACME_TRY(issuer.import_path, parse_path(root, first));
  } else if (key == "external_account") {
    ACME_TRY(issuer.external_account, parse_external_account(root, first, values.back()));
  } else if (key.starts_with("dns")) {
    return assign_dns(issuer, key, values, root);
  } else if (is_outbound(key)) {
    return assign_outbound(issuer.outbound, key, values, root);
  } else if (key == "staging") {
    ACME_TRY(issuer.staging, parse_id("an issuer", first));
  } else if (key == "rate_limit") {
    ACME_TRY(issuer.limits, parse_rate_limits(values));
  } else if (key == "preflight") {
    ACME_TRY(issuer.preflight, parse_preflight(values));
  } else {
    return fail(Errc::internal, "the directive " + std::string(key) + " has no parser");
  }
  return {};
}

}  // namespace acme
