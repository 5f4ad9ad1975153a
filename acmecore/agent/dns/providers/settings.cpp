#include "agent/dns/providers/settings.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "config/dns_provider.h"

namespace acme::agent::dns {
namespace {

// Shorter ones are in every other sentence.
constexpr std::size_t kShortestErased = 4;

bool is_variable(std::string_view key) {
  return !key.empty() && key.front() >= 'A' && key.front() <= 'Z';
}

// What is no secret by the table may be named in messages; of variables nobody knows it.
bool is_secret(std::string_view provider, std::string_view key) {
  for (std::string_view everyones : {"PATH", "HOME", "LANG", "TMPDIR", "TZ"})
    if (key == everyones) return false;
  if (is_variable(key)) return true;
  for (const DnsProviderRule& rule : dns_provider_rules())
    if (rule.name == provider)
      for (const DnsSettingRule& setting : rule.settings)
        if (setting.key == key) return setting.secret();
  return true;
}

void erase(std::string& text, std::string_view secret) {
  if (secret.size() < kShortestErased) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "***");
}

}  // namespace

const Secret* Settings::secret(std::string_view key) const {
  auto found = std::find_if(settings_.begin(), settings_.end(),
                            [key](const auto& setting) { return setting.first == key; });
  return found == settings_.end() ? nullptr : &found->second;
}

std::string Settings::text(std::string_view key, std::string_view otherwise) const {
  const Secret* found = secret(key);
  return std::string(found ? found->view() : otherwise);
}

std::int64_t Settings::number(std::string_view key, std::int64_t otherwise) const {
  const std::string value = text(key);
  std::int64_t number = otherwise;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

Result<std::string> Settings::required(std::string_view key) const {
  std::string value = text(key);
  if (value.empty())
    return fail(Errc::invalid_config,
                "the DNS provider " + provider_ + " has no " + std::string(key) + "=");
  return value;
}

std::vector<std::string> Settings::environment() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : settings_)
    if (is_variable(key)) out.push_back(key + "=" + std::string(value.view()));
  return out;
}

std::string Settings::scrubbed(std::string_view foreign) const {
  std::string text(foreign);
  for (const auto& [key, value] : settings_)
    if (is_secret(provider_, key)) erase(text, value.view());
  for (const Secret& value : more_secrets_) erase(text, value.view());
  return printable(text);
}

void Settings::add_secret(std::string_view secret) {
  more_secrets_.emplace_back(secret);
}

}  // namespace acme::agent::dns
