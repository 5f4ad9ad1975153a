// `dns NAME key=value… [zone=…]`: who sets TXT records for dns-01. Here stands which providers
// there are and which settings each has; what they do with them is the agent's
// (agent/dns/providers).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

// ---- what providers there are

struct DnsSettingRule {
  enum class Kind : std::uint8_t {
    text,    // anything
    secret,  // the same, but to be kept elsewhere than in the configuration
    url,     // https://, or http:// for what is near
    path,    // of a program; relative ones are relative to the server's folder
    server,  // host[:port], [ipv6][:port]
    word,    // letters, digits, '_', '-', '.'
    number,  // from `least` to `most`
    one_of,  // of `choices`
  };
  std::string_view key;
  Kind kind = Kind::text;
  bool required = false;
  std::string_view help;          // for docs/DNS_PROVIDERS.md
  std::string_view choices = {};  // "a|b": with the default first
  std::int64_t least = 0;
  std::int64_t most = 0;

  bool secret() const { return kind == Kind::secret; }
};

struct DnsProviderConfig;

struct DnsProviderRule {
  std::string_view name;
  std::string_view help;
  std::vector<DnsSettingRule> settings;
  bool environment = false;  // NAME=value in upper case is handed on to the program
  // What no setting alone can say: which go together.
  Outcome (*check)(const DnsProviderConfig&) = nullptr;
};

std::vector<DnsProviderRule> dns_provider_rules();

// ---- one that is configured

struct DnsSetting {
  enum class Source : std::uint8_t {
    plain,       // `value` is it
    file,        // `value` is the file's path
    credential,  // `value` is the name of a systemd credential
    secret,      // `secret` is it: it stands in the configuration itself, which had better not be
  };
  std::string key;
  std::string value;
  Source source = Source::plain;
  Secret secret = {};

  DnsSetting() = default;
  DnsSetting(const DnsSetting& other)
      : key(other.key), value(other.value), source(other.source), secret(other.secret.clone()) {}
  DnsSetting(DnsSetting&&) = default;
  DnsSetting& operator=(const DnsSetting& other) { return *this = DnsSetting(other); }
  DnsSetting& operator=(DnsSetting&&) = default;
  ~DnsSetting() = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.key, self.value, self.source, self.secret);
  }
};

struct DnsProviderConfig {
  std::string provider;
  std::vector<DnsSetting> settings;
  std::string zone;  // whose names it is for, lower-case A-labels; empty: any

  const DnsSetting* setting(std::string_view key) const;
  // For copies that others see: the settings stay, what is secret in them goes.
  void wipe_secrets();

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.provider, self.settings, self.zone);
  }
};

// `words`: the directive's values. Relative files are relative to `root`. What is wrong is said
// without any value that may be a secret; a secret that stands there itself is warned of.
Result<DnsProviderConfig> parse_dns_provider(const std::vector<std::string>& words,
                                             const std::string& root,
                                             std::vector<std::string>& warnings);

}  // namespace acme
