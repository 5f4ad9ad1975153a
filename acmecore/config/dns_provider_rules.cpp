// The table of DNS providers. docs/DNS_PROVIDERS.md has the same, which a test compares.
#include "config/dns_provider.h"

namespace acme {
namespace {

using Kind = DnsSettingRule::Kind;

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}

Outcome check_cloudflare(const DnsProviderConfig& config) {
  const bool token = config.setting("token") != nullptr;
  const bool email = config.setting("email") != nullptr;
  const bool key = config.setting("key") != nullptr;
  if (token && (email || key))
    return wrong(
        "cloudflare has token= beside the global key (email=, key=): leave out one of the two");
  if (email != key)
    return wrong(std::string("cloudflare's global key is two settings: write ") +
                 (email ? "key=file:PATH" : "email=") + " as well, or token=file:PATH instead");
  if (!token && !key)
    return wrong("cloudflare has no token: write token=file:PATH (or token=credential:NAME)");
  if (config.setting("zone_token") && !token)
    return wrong(
        "cloudflare's zone_token= reads zones for a token= that edits their records: write "
        "token=file:PATH as well");
  if (config.setting("zone_token") && config.setting("zone_id"))
    return wrong(
        "cloudflare has zone_token= and zone_id=: with the id no zone is looked for, so "
        "leave out one of the two");
  if (config.setting("zone_id") && config.zone.empty())
    return wrong("cloudflare's zone_id= is one zone's: write its name as zone= as well");
  return {};
}

// A certificate is no word of a configuration.
Outcome check_ca(const DnsProviderConfig& config) {
  const DnsSetting* ca = config.setting("ca_certificate");
  if (!ca || ca->source != DnsSetting::Source::plain) return {};
  return wrong("ca_certificate= is the certificate itself: write ca_certificate=file:PATH");
}

Outcome check_httpreq(const DnsProviderConfig& config) {
  ACME_CHECK(check_ca(config));
  if (!config.setting("username") == !config.setting("password")) return {};
  return wrong("httpreq has one of username= and password= without the other: write both or none");
}

// The name is a part of what tsig-keygen and keymgr write.
Outcome check_rfc2136(const DnsProviderConfig& config) {
  const DnsSetting* key = config.setting("key");
  if (config.setting("key_name") || !key || key->source != DnsSetting::Source::secret) return {};
  return wrong(
      "rfc2136 has a key without its name: write key_name= as the server's configuration "
      "has it, or key=file:PATH with what tsig-keygen has written");
}

DnsSettingRule timeout(std::string_view help) {
  return {.key = "timeout", .kind = Kind::number, .help = help, .least = 1, .most = 540};
}

DnsSettingRule ttl(std::string_view help, std::int64_t least) {
  return {.key = "ttl", .kind = Kind::number, .help = help, .least = least, .most = 86400};
}

DnsProviderRule cloudflare() {
  return {
      .name = "cloudflare",
      .help = "Cloudflare's API",
      .settings =
          {
              {.key = "token",
               .kind = Kind::secret,
               .help = "API token with the permission Zone / DNS / Edit, and Zone / Zone / Read "
                       "unless one of the next two is given"},
              {.key = "zone_token",
               .kind = Kind::secret,
               .help = "a second token with Zone / Zone / Read, so that `token` may do nothing but "
                       "edit"},
              {.key = "zone_id",
               .kind = Kind::word,
               .help = "the id of the zone in `zone=`, which is then not looked for"},
              {.key = "email",
               .kind = Kind::text,
               .help = "of the account, with `key` (the global key: it may do everything, prefer a "
                       "token)"},
              {.key = "key", .kind = Kind::secret, .help = "the account's global API key"},
              {.key = "base_url",
               .kind = Kind::url,
               .help = "default `https://api.cloudflare.com/client/v4`"},
              ttl("seconds, default 120", 60),
          },
      .check = check_cloudflare,
  };
}

DnsProviderRule rfc2136() {
  return {
      .name = "rfc2136",
      .help = "dynamic update with TSIG: BIND, Knot, PowerDNS and others",
      .settings =
          {
              {.key = "server",
               .kind = Kind::server,
               .required = true,
               .help = "the zone's primary, `host[:port]`; asked over TCP"},
              {.key = "key",
               .kind = Kind::secret,
               .required = true,
               .help = "the TSIG key: base64, or the file that `tsig-keygen` (BIND) or `keymgr -t` "
                       "(Knot) has written, which has name and algorithm, too"},
              {.key = "key_name",
               .kind = Kind::text,
               .help = "the key's name, as the server knows it; where `key` has none"},
              {.key = "algorithm",
               .kind = Kind::one_of,
               .help = "where `key` has none",
               .choices = "hmac-sha256|hmac-sha384|hmac-sha512"},
              ttl("seconds, default 60", 0),
          },
      .check = check_rfc2136,
  };
}

DnsProviderRule acme_dns() {
  return {
      .name = "acme-dns",
      .help = "acme-dns's HTTP API, one registration for each name",
      .settings =
          {
              {.key = "registrations",
               .kind = Kind::secret,
               .required = true,
               .help = "the storage file of lego or acme-dns-client: JSON with `username`, "
                       "`password`, `subdomain`, `fulldomain` for each name"},
              {.key = "base_url",
               .kind = Kind::url,
               .help = "of the server; where a registration has no `server_url`"},
              {.key = "ca_certificate",
               .kind = Kind::text,
               .help = "`file:PATH` of a CA's certificates (PEM) that the server's may be from, "
                       "beside those that the system trusts"},
          },
      .check = check_ca,
  };
}

DnsProviderRule exec() {
  return {
      .name = "exec",
      .help = "a program of your own",
      .settings =
          {
              {.key = "program", .kind = Kind::path, .required = true, .help = "its path"},
              {.key = "style",
               .kind = Kind::one_of,
               .help = "how it is called",
               .choices = "acme|lego|lego-raw|dehydrated"},
              timeout("seconds, default 120; then it is ended"),
          },
      .environment = true,
  };
}

DnsProviderRule lexicon() {
  return {
      .name = "lexicon",
      .help = "Debian's `lexicon`, for some 60 DNS hosts",
      .settings =
          {
              {.key = "provider",
               .kind = Kind::word,
               .required = true,
               .help = "lexicon's name for the DNS host, such as `gandi`"},
              {.key = "program", .kind = Kind::path, .help = "default `/usr/bin/lexicon`"},
              ttl("seconds, default lexicon's", 0),
              timeout("seconds, default 120; then it is ended"),
          },
      .environment = true,
  };
}

DnsProviderRule acme_sh() {
  return {
      .name = "acme.sh",
      .help = "the dnsapi scripts of an installed acme.sh, for some 150 DNS hosts",
      .settings =
          {
              {.key = "plugin",
               .kind = Kind::word,
               .required = true,
               .help = "the script, such as `dns_gandi_livedns`"},
              {.key = "program",
               .kind = Kind::path,
               .help = "acme.sh itself, default `/usr/bin/acme.sh`"},
              {.key = "dnsapi",
               .kind = Kind::path,
               .help = "the folder of its scripts, default `/usr/share/acme.sh/dnsapi`"},
              timeout("seconds, default 120; then it is ended"),
          },
      .environment = true,
  };
}

DnsProviderRule httpreq() {
  return {
      .name = "httpreq",
      .help = "lego's HTTP convention: a service of your own with `/present` and `/cleanup`",
      .settings =
          {
              {.key = "endpoint", .kind = Kind::url, .required = true, .help = "its URL"},
              {.key = "username", .kind = Kind::text, .help = "for basic authentication"},
              {.key = "password", .kind = Kind::secret, .help = "for basic authentication"},
              {.key = "mode",
               .kind = Kind::one_of,
               .help = "`raw` is lego's RAW mode",
               .choices = "default|raw"},
              {.key = "ca_certificate",
               .kind = Kind::text,
               .help = "`file:PATH` of a CA's certificates (PEM) that the server's may be from, "
                       "beside those that the system trusts"},
          },
      .check = check_httpreq,
  };
}

}  // namespace

std::vector<DnsProviderRule> dns_provider_rules() {
  return {cloudflare(), rfc2136(), acme_dns(), exec(), httpreq(), lexicon(), acme_sh()};
}

}  // namespace acme
