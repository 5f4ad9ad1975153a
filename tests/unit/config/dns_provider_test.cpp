// `dns`: which words are providers, which settings each has, what is said of wrong ones.
#include "config/dns_provider.h"

#include "base/archive.h"
#include "base/text.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::test;
using Source = DnsSetting::Source;
using Words = std::vector<std::string>;

namespace {

struct Parsed {
  Result<DnsProviderConfig> result;
  Words warnings;
};

Parsed parse(const std::string& line) {
  Words warnings;
  auto result = parse_dns_provider(split(line, ' '), "/etc/server", warnings);
  return {std::move(result), std::move(warnings)};
}

DnsProviderConfig good(const std::string& line) {
  Parsed parsed = parse(line);
  DnsProviderConfig config = REQUIRE_OK(parsed.result);
  if (!parsed.warnings.empty()) throw Failure("a warning: " + parsed.warnings.front());
  return config;
}

std::string refused(const std::string& line) {
  return REQUIRE_ERROR(parse(line).result, Errc::invalid_config);
}

std::string warned(const std::string& line) {
  Parsed parsed = parse(line);
  REQUIRE_OK(parsed.result);
  CHECK_EQ(parsed.warnings.size(), 1);
  return parsed.warnings.front();
}

const DnsSetting& setting(const DnsProviderConfig& config, std::string_view key) {
  const DnsSetting* found = config.setting(key);
  if (!found) throw Failure("no setting " + std::string(key));
  return *found;
}

}  // namespace

TEST(a_secret_is_a_file_or_a_credential) {
  DnsProviderConfig config = good("cloudflare token=file:secrets/cf zone=Example.COM");
  CHECK_EQ(config.provider, "cloudflare");
  CHECK_EQ(config.zone, "example.com");
  CHECK_EQ(setting(config, "token").value, "/etc/server/secrets/cf");
  CHECK_EQ(setting(config, "token").source, Source::file);
  config = good("Cloudflare token=credential:cf.token zone_token=file:/run/zone");
  CHECK_EQ(setting(config, "token").value, "cf.token");
  CHECK_EQ(setting(config, "token").source, Source::credential);
  CHECK_CONTAINS(refused("cloudflare token=credential:../shadow"), "LoadCredential=");
  CHECK_CONTAINS(refused("cloudflare token=credential:a/b"), "LoadCredential=");
  CHECK_CONTAINS(refused("cloudflare token=file:"), "path is empty");
}

TEST(an_inline_secret_is_warned_of_and_never_repeated) {
  Parsed parsed = parse("cloudflare token=s3cr3t");
  CHECK_EQ(parsed.warnings.size(), 1);
  CHECK_CONTAINS(parsed.warnings[0], "token=file:PATH");
  CHECK(parsed.warnings[0].find("s3cr3t") == std::string::npos);
  DnsProviderConfig config = REQUIRE_OK(parsed.result);
  CHECK_EQ(setting(config, "token").secret.view(), "s3cr3t");
  CHECK(setting(config, "token").value.empty());
  config.wipe_secrets();
  CHECK(setting(config, "token").secret.empty());
}

TEST(what_may_be_a_secret_is_not_repeated_in_an_error) {
  for (const char* line :
       {"cloudflare S3cr3t", "cloudflare S3cr3t==", "cloudflare token=S3cr3t token=S3cr3t",
        "cloudflare token=S3cr3t key=S3cr3t email=me@example.com", "cloudflare tokn=S3cr3t",
        "S3cr3t cloudflare", "httpreq endpoint=https://me:S3cr3t@example.com/",
        "httpreq endpoint=https://example.com password=S3cr3t", "cloudflare token=S3cr3t ttl=1"})
    CHECK(refused(line).find("3cr3t") == std::string::npos);
}

TEST(a_provider_or_a_key_that_is_not_known_is_said_with_those_that_are) {
  CHECK_CONTAINS(refused("cloudflair token=file:/t"), "\"cloudflair\" is no DNS provider");
  CHECK_CONTAINS(refused("cloudflair token=file:/t"),
                 "cloudflare, rfc2136, acme-dns, exec, httpreq, lexicon, acme.sh");
  CHECK_CONTAINS(refused(""), "cloudflare");
  CHECK_CONTAINS(refused("cloudflare tokn=file:/t"), "no setting \"tokn\"");
  CHECK_CONTAINS(refused("cloudflare tokn=file:/t"), "token=, zone_token=");
  CHECK_CONTAINS(refused("cloudflare CF_TOKEN=file:/t"), "none of its settings");
  CHECK_CONTAINS(refused("cloudflare token="), "token= has no value");
  CHECK_CONTAINS(refused("cloudflare token=file:/a token=file:/b"), "twice");
  CHECK_CONTAINS(refused("cloudflare token=file:/a zone=a.example zone=b.example"), "twice");
  CHECK_CONTAINS(refused("exec program=/p A_B=" + std::string(5000, 'x')), "A_B=file:PATH");
}

TEST(a_zone_is_a_name) {
  CHECK_EQ(good("cloudflare token=file:/t zone=müller.example").zone, "xn--mller-kva.example");
  CHECK_EQ(good("cloudflare token=file:/t zone=lan").zone, "lan");
  for (const char* zone : {"*.example.com", "192.0.2.1", "a..b", ".example.com"})
    CHECK_CONTAINS(refused(std::string("cloudflare token=file:/t zone=") + zone), "is no zone");
}

TEST(cloudflare_has_a_token_or_two_or_the_global_key) {
  good("cloudflare token=file:/t");
  good("cloudflare token=file:/t zone_token=file:/z");
  good("cloudflare token=file:/t zone_id=0123abc zone=example.com");
  good("cloudflare email=me@example.com key=file:/k");
  CHECK_CONTAINS(refused("cloudflare"), "has no token");
  CHECK_CONTAINS(refused("cloudflare email=me@example.com"), "key=file:PATH");
  CHECK_CONTAINS(refused("cloudflare key=file:/k"), "email=");
  CHECK_CONTAINS(refused("cloudflare token=file:/t key=file:/k email=me@example.com"),
                 "leave out one");
  CHECK_CONTAINS(refused("cloudflare zone_token=file:/z email=me@example.com key=file:/k"),
                 "token=file:PATH as well");
  CHECK_CONTAINS(refused("cloudflare token=file:/t zone_id=0123abc"), "zone=");
  CHECK_CONTAINS(refused("cloudflare token=file:/t zone_id=../x zone=example.com"), "letters");
  CHECK_CONTAINS(refused("cloudflare token=file:/t ttl=30"), "from 60 to 86400");
}

TEST(rfc2136_has_a_server_a_key_and_its_name) {
  DnsProviderConfig config = good("rfc2136 server=192.0.2.1 key=file:/etc/bind/acme.key");
  CHECK_EQ(setting(config, "server").value, "192.0.2.1:53");
  auto server = [](const std::string& text) {
    return setting(good("rfc2136 key=file:/k server=" + text), "server").value;
  };
  CHECK_EQ(server("NS1.example.com:5353"), "ns1.example.com:5353");
  CHECK_EQ(server("2001:db8::1"), "[2001:db8::1]:53");
  CHECK_EQ(server("[2001:DB8::1]:54"), "[2001:db8::1]:54");
  for (const char* text : {"a:b", "a:0", "[::1", "[::1]x", ":53", "192.0.2.1:65536", "a b"})
    CHECK(!parse(std::string("rfc2136 key=file:/k server=") + text).result);
  CHECK_EQ(setting(good("rfc2136 server=a.example key=file:/k algorithm=HMAC-SHA512"), "algorithm")
               .value,
           "hmac-sha512");
  CHECK_CONTAINS(refused("rfc2136 server=a.example key=file:/k algorithm=hmac-md5"),
                 "hmac-sha256 or hmac-sha384 or hmac-sha512");
  CHECK_CONTAINS(refused("rfc2136 server=a.example"), "has no key=: write key=file:PATH");
  CHECK_CONTAINS(refused("rfc2136 key=file:/k"), "has no server=");
  CHECK_CONTAINS(refused("rfc2136 server=a.example key=c2VjcmV0"), "key_name=");
}

TEST(a_url_may_be_plain_http_and_is_warned_of_where_others_can_listen) {
  auto endpoint = [](const std::string& url) {
    return setting(good("httpreq endpoint=" + url), "endpoint").value;
  };
  CHECK_EQ(endpoint("https://dns.example/api/"), "https://dns.example/api");
  CHECK_EQ(endpoint("HTTP://127.0.0.1:8080"), "http://127.0.0.1:8080");
  CHECK_EQ(endpoint("http://[::1]:8080/x"), "http://[::1]:8080/x");
  CHECK_EQ(endpoint("http://localhost/x"), "http://localhost/x");
  CHECK_CONTAINS(warned("httpreq endpoint=http://10.0.0.1:8080/"), "\"10.0.0.1:8080\"");
  CHECK_CONTAINS(warned("acme-dns registrations=file:/r base_url=http://localhost.example"),
                 "base_url=");
  for (const char* url : {"ftp://x/", "x", "https://", "https://a/?b=c", "https://a/#b"})
    CHECK_CONTAINS(refused(std::string("httpreq endpoint=") + url), "is no URL for endpoint=");
}

TEST(programs_get_settings_with_a_capital_as_their_environment) {
  DnsProviderConfig config =
      good("exec program=hooks/dns style=dehydrated timeout=30 REGION=eu API_TOKEN=file:token");
  CHECK_EQ(setting(config, "program").value, "/etc/server/hooks/dns");
  CHECK_EQ(setting(config, "style").value, "dehydrated");
  CHECK_EQ(setting(config, "REGION").secret.view(), "eu");
  CHECK_EQ(setting(config, "API_TOKEN").value, "/etc/server/token");
  CHECK_CONTAINS(warned("lexicon provider=gandi LEXICON_GANDI_TOKEN=abc"),
                 "LEXICON_GANDI_TOKEN=file:PATH");
  CHECK_CONTAINS(warned("acme.sh plugin=dns_cf CF_Token=abc"), "CF_Token=file:PATH");
  CHECK_CONTAINS(refused("exec program=/p region=eu"), "with a capital");
  CHECK_CONTAINS(refused("exec program=/p 1A=eu"), "with a capital");
  CHECK_CONTAINS(refused("exec program=/p style=certbot"),
                 "acme or lego or lego-raw or dehydrated");
  CHECK_CONTAINS(refused("exec program=/p timeout=0"), "from 1 to 540");
  CHECK_CONTAINS(refused("exec style=lego"), "has no program=: write program=…");
  CHECK_CONTAINS(refused("lexicon"), "provider=");
  CHECK_CONTAINS(refused("acme.sh plugin=../dns_cf"), "letters");
}

TEST(httpreq_has_a_name_with_its_password) {
  good("httpreq endpoint=https://dns.example username=me password=file:/p mode=RAW");
  CHECK_CONTAINS(refused("httpreq endpoint=https://dns.example username=me"), "both or none");
  CHECK_CONTAINS(refused("httpreq endpoint=https://dns.example password=file:/p"), "both or none");
}

TEST(a_ca_is_a_file) {
  good("httpreq endpoint=https://dns.example ca_certificate=file:ca.pem");
  good("acme-dns registrations=file:/r ca_certificate=file:ca.pem");
  for (const char* line : {"httpreq endpoint=https://dns.example ca_certificate=ca.pem",
                           "acme-dns registrations=file:/r ca_certificate=ca.pem"})
    CHECK_CONTAINS(refused(line), "ca_certificate=file:PATH");
}

TEST(it_crosses_a_process_border) {
  DnsProviderConfig config = REQUIRE_OK(
      parse("cloudflare token=abc zone_token=file:/z base_url=https://a.example zone=b.example")
          .result);
  auto copy = REQUIRE_OK(decode<DnsProviderConfig>(encode(config).view()));
  CHECK_EQ(copy.provider, config.provider);
  CHECK_EQ(copy.zone, config.zone);
  CHECK_EQ(copy.settings.size(), 3);
  CHECK_EQ(setting(copy, "token").secret.view(), "abc");
  CHECK_EQ(setting(copy, "zone_token").source, Source::file);
  CHECK_EQ(setting(copy, "base_url").value, "https://a.example");
}

// ---- docs/DNS_PROVIDERS.md

namespace {

std::string kind_in_words(const DnsSettingRule& rule) {
  switch (rule.kind) {
    case DnsSettingRule::Kind::secret:
      return "secret";
    case DnsSettingRule::Kind::url:
      return "URL";
    case DnsSettingRule::Kind::path:
      return "path";
    case DnsSettingRule::Kind::server:
      return "`host[:port]`";
    case DnsSettingRule::Kind::word:
      return "word";
    case DnsSettingRule::Kind::number:
      return std::to_string(rule.least) + " to " + std::to_string(rule.most);
    case DnsSettingRule::Kind::one_of:
      return "`" + join(split(rule.choices, '|'), "`, `") + "`";
    default:
      return "text";
  }
}

}  // namespace

TEST(the_page_of_providers_has_each_with_its_settings) {
  const std::string page = test_data("../../docs/DNS_PROVIDERS.md");
  for (const DnsProviderRule& provider : dns_provider_rules()) {
    std::string table = "## " + std::string(provider.name) + "\n\n" + std::string(provider.help) +
                        "\n\n| setting | value | meaning |\n|---|---|---|\n";
    for (const DnsSettingRule& rule : provider.settings)
      table += "| `" + std::string(rule.key) + "` | " + kind_in_words(rule) + " | " +
               (rule.required ? "**required**: " : "") + std::string(rule.help) + " |\n";
    if (provider.environment)
      table +=
          "| `NAME` | text | any name with a capital: handed on in the program's environment |\n";
    CHECK_CONTAINS(page, table);
  }
}

TEST(each_line_of_the_page_is_good) {
  std::size_t lines = 0;
  for (const std::string& line : split(test_data("../../docs/DNS_PROVIDERS.md"), '\n')) {
    constexpr std::string_view kBegin = "    dns ";
    if (!line.starts_with(kBegin) || !line.ends_with(';')) continue;
    good(line.substr(kBegin.size(), line.size() - kBegin.size() - 1));
    ++lines;
  }
  CHECK_EQ(lines, dns_provider_rules().size());
}

TEST(each_rule_is_whole) {
  for (const DnsProviderRule& rule : dns_provider_rules()) {
    CHECK(!rule.help.empty());
    for (const DnsSettingRule& setting : rule.settings) {
      CHECK(!setting.help.empty());
      CHECK_EQ(setting.kind == DnsSettingRule::Kind::one_of, !setting.choices.empty());
      CHECK_EQ(setting.kind == DnsSettingRule::Kind::number, setting.most > setting.least);
      CHECK(setting.key != "zone");
    }
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
