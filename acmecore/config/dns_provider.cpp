#include "config/dns_provider.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "config/names.h"
#include "config/values.h"

namespace acme {
namespace {

using Kind = DnsSettingRule::Kind;
using Source = DnsSetting::Source;

constexpr std::string_view kFile = "file:";
constexpr std::string_view kCredential = "credential:";
constexpr std::string_view kPlainHttp = "http://";
constexpr std::size_t kLongestValue = 4096;

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}
std::string quoted(std::string_view text) {
  return "\"" + printable(text) + "\"";
}

bool all_of(std::string_view text, std::string_view others, bool upper, bool lower_case) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (lower_case && c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

// Anything else in front of a '=' may be a part of a secret, and is not repeated.
bool looks_like_key(std::string_view text) {
  return !text.empty() && text.size() <= 12 && text.front() >= 'a' &&
         all_of(text, "_-.", false, true);
}

bool is_variable(std::string_view key) {
  return key.size() > 1 && (key.front() < '0' || key.front() > '9') && key.size() <= 128 &&
         all_of(key, "_", true, false);
}

// By its name: most are hosts, modes, regions.
bool is_secret_variable(std::string_view key) {
  constexpr std::string_view kParts[] = {"TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL"};
  return std::any_of(std::begin(kParts), std::end(kParts), [key](std::string_view part) {
    return key.find(part) != std::string_view::npos;
  });
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

std::string known_keys(const DnsProviderRule& rule) {
  std::vector<std::string> keys;
  for (const DnsSettingRule& setting : rule.settings)
    keys.push_back(std::string(setting.key) + "=");
  if (rule.environment) keys.emplace_back("NAME= in upper case");
  keys.emplace_back("zone=");
  return join(keys, ", ");
}

bool is_host(std::string_view text) {
  const NameKind kind = check_name(text).kind;
  return kind == NameKind::host || kind == NameKind::single_label || kind == NameKind::ip_address;
}

// ---- one value

Result<std::string> server_value(std::string_view text) {
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end != std::string_view::npos) ++end;
  } else if (text.find(':') != text.rfind(':')) {
    end = std::string_view::npos;  // IPv6 without brackets: an address alone
  }
  const std::string_view host = text.substr(0, end);
  const std::string_view port =
      end < text.size() && text[end] == ':' ? text.substr(end + 1) : std::string_view("53");
  if ((end < text.size() && text[end] != ':') || !is_host(host) || !is_port(port))
    return wrong(quoted(text) +
                 " is no server: write its name or address, with :port unless it "
                 "is 53");
  CheckedName name = check_name(host);
  if (name.name.find(':') != std::string::npos) name.name = "[" + name.name + "]";
  return name.name + ":" + std::string(port);
}

Result<std::string> url_value(std::string_view text, std::string_view key,
                              std::vector<std::string>& warnings) {
  if (text.find('@') != std::string_view::npos)
    return wrong("the URL of " + std::string(key) + "= has a user's name in it: leave that out");
  const bool plain = equals_ignoring_case(text.substr(0, kPlainHttp.size()), kPlainHttp);
  auto url = parse_url(plain ? "https://" + std::string(text.substr(kPlainHttp.size()))
                             : std::string(text));
  if (!url || url->find('?') != std::string::npos)
    return wrong(quoted(text) + " is no URL for " + std::string(key) +
                 "=: write https://host[:port]/path, or http:// in a network of your own");
  while (url->back() == '/') url->pop_back();
  if (!plain) return url;
  const std::string rest = url->substr(std::string_view("https://").size());
  const std::string_view authority = std::string_view(rest).substr(0, rest.find('/'));
  if (!authority.starts_with("127.") && !authority.starts_with("[::1]") &&
      authority.substr(0, authority.find(':')) != "localhost")
    warnings.push_back("whoever is between here and " + quoted(authority) +
                       " can read what is sent there, and change it: write https:// for " +
                       std::string(key) + "= where the server has it");
  return std::string(kPlainHttp) + rest;
}

Result<std::string> number_value(std::string_view text, const DnsSettingRule& rule) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < rule.least ||
      number > rule.most)
    return wrong(quoted(text) + " is none for " + std::string(rule.key) +
                 "=: write a number from " + std::to_string(rule.least) + " to " +
                 std::to_string(rule.most));
  return std::to_string(number);
}

Result<std::string> choice_value(std::string_view text, const DnsSettingRule& rule) {
  const std::vector<std::string> choices = split(rule.choices, '|');
  for (const std::string& choice : choices)
    if (equals_ignoring_case(text, choice)) return choice;
  return wrong(quoted(text) + " is none for " + std::string(rule.key) + "=: write " +
               join(choices, " or "));
}

Result<std::string> plain_value(std::string_view text, const DnsSettingRule& rule,
                                const std::string& root, std::vector<std::string>& warnings) {
  switch (rule.kind) {
    case Kind::url:
      return url_value(text, rule.key, warnings);
    case Kind::path:
      return parse_path(root, text);
    case Kind::server:
      return server_value(text);
    case Kind::number:
      return number_value(text, rule);
    case Kind::one_of:
      return choice_value(text, rule);
    case Kind::word:
      if (all_of(text, "_-.", true, true)) return std::string(text);
      return wrong(quoted(text) + " is none for " + std::string(rule.key) +
                   "=: write letters, digits, '_', '-' and '.'");
    default:
      return std::string(text);
  }
}

// `rule` is nothing for a variable of the program's environment.
Result<DnsSetting> parse_setting(const std::string& key, std::string_view text,
                                 const DnsSettingRule* rule, const std::string& root,
                                 std::vector<std::string>& warnings) {
  DnsSetting setting;
  setting.key = key;
  if (text.empty()) return wrong(key + "= has no value: write one, or leave it out");
  if (text.size() > kLongestValue)
    return wrong(key + "= is longer than 4096 characters: write " + key + "=file:PATH");
  if (text.starts_with(kFile)) {
    setting.source = Source::file;
    ACME_TRY(setting.value, parse_path(root, text.substr(kFile.size())));
    return setting;
  }
  if (text.starts_with(kCredential)) {
    setting.source = Source::credential;
    setting.value = text.substr(kCredential.size());
    if (setting.value.empty() || setting.value.front() == '.' ||
        !all_of(setting.value, "_-.@:", true, true))
      return wrong(quoted(setting.value) + " is no systemd credential's name: write " + key +
                   "=credential:NAME with the NAME of LoadCredential=");
    return setting;
  }
  const bool secret = rule ? rule->secret() : is_secret_variable(key);
  if (secret)
    warnings.push_back(key +
                       "= stands in the configuration itself, for all who may read that: put it "
                       "into a file, and write " +
                       key + "=file:PATH");
  if (secret || !rule) {
    setting.source = Source::secret;
    setting.secret = Secret(text);
    return setting;
  }
  ACME_TRY(setting.value, plain_value(text, *rule, root, warnings));
  return setting;
}

Result<std::string> parse_zone(std::string_view text) {
  const CheckedName name = check_name(text);
  if (name.kind == NameKind::host || name.kind == NameKind::single_label) return name.name;
  return wrong(quoted(text) +
               " is no zone: write the name of a DNS zone, such as zone=example.com");
}

Outcome check_whole(const DnsProviderRule& rule, const DnsProviderConfig& config) {
  for (const DnsSettingRule& setting : rule.settings)
    if (setting.required && !config.setting(setting.key))
      return wrong("the DNS provider " + config.provider + " has no " + std::string(setting.key) +
                   "=: write " + std::string(setting.key) + "=" +
                   (setting.secret() ? "file:PATH" : "…") + " (" + std::string(setting.help) + ")");
  return rule.check ? rule.check(config) : Outcome();
}

}  // namespace

const DnsSetting* DnsProviderConfig::setting(std::string_view key) const {
  auto found = std::find_if(settings.begin(), settings.end(),
                            [key](const DnsSetting& setting) { return setting.key == key; });
  return found == settings.end() ? nullptr : &*found;
}

void DnsProviderConfig::wipe_secrets() {
  for (DnsSetting& setting : settings) setting.secret.wipe();
}

Result<DnsProviderConfig> parse_dns_provider(const std::vector<std::string>& words,
                                             const std::string& root,
                                             std::vector<std::string>& warnings) {
  const std::vector<DnsProviderRule> rules = dns_provider_rules();
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&words](const DnsProviderRule& candidate) {
        return !words.empty() && candidate.name == lower(words.front());
      });
  if (rule == rules.end()) {
    std::vector<std::string> names;
    for (const DnsProviderRule& known : rules) names.emplace_back(known.name);
    const bool a_name = !words.empty() && looks_like_key(words.front());
    return wrong((a_name ? quoted(words.front()) + " is no DNS provider that is known here"
                         : std::string("the DNS provider's name does not come first")) +
                 ": write one of " + join(names, ", "));
  }
  DnsProviderConfig config;
  config.provider = rule->name;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string key(word.substr(0, equals));
    const std::string_view value = word.substr(std::min(equals + 1, word.size()));
    const auto known =
        std::find_if(rule->settings.begin(), rule->settings.end(),
                     [&key](const DnsSettingRule& setting) { return setting.key == key; });
    const bool variable = rule->environment && is_variable(key);
    if (equals == word.size() || (known == rule->settings.end() && key != "zone" && !variable))
      return wrong(
          (looks_like_key(key)
               ? "the DNS provider " + config.provider + " has no setting " + quoted(key)
               : "a word for the DNS provider " + config.provider + " is none of its settings") +
          ": write key=value, with the keys " + known_keys(*rule));
    if (config.setting(key) || (key == "zone" && !config.zone.empty()))
      return wrong(key + "= stands there twice: leave out one");
    if (key == "zone") {
      ACME_TRY(config.zone, parse_zone(value));
      continue;
    }
    ACME_TRY(DnsSetting setting,
             parse_setting(key, value, variable ? nullptr : &*known, root, warnings));
    config.settings.push_back(std::move(setting));
  }
  ACME_CHECK(check_whole(*rule, config));
  return config;
}

}  // namespace acme
