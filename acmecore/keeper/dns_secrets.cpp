#include "keeper/dns_secrets.h"

#include <cstdlib>

#include "base/text.h"
#include "keeper/read_file.h"

namespace acme::keeper {
namespace {

using Source = DnsSetting::Source;

// systemd tells the service where; the name has no '/' (config/dns_provider.cpp).
Result<std::string> credential_path(const std::string& name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (!folder || !*folder)
    return fail(Errc::not_found, "the credential " + name +
                                     " cannot be read: systemd has given this service none "
                                     "(LoadCredential= in its unit)");
  return std::string(folder) + "/" + name;
}

Result<Secret> read_trimmed(const std::string& path) {
  ACME_TRY(Secret bytes, read_secret_file(path));
  Secret text(trim(bytes.view()));
  if (text.empty()) return fail(Errc::invalid_config, path + " is empty");
  return text;
}

Result<Secret> value_of(const DnsSetting& setting) {
  switch (setting.source) {
    case Source::plain:
      return Secret(setting.value);
    case Source::secret:
      return setting.secret.clone();
    case Source::file:
      return read_trimmed(setting.value);
    case Source::credential: {
      ACME_TRY(std::string path, credential_path(setting.value));
      return read_trimmed(path);
    }
  }
  return fail(Errc::internal, "a setting from nowhere");
}

}  // namespace

Result<std::vector<std::pair<std::string, Secret>>> read_dns_settings(
    const DnsProviderConfig& config) {
  std::vector<std::pair<std::string, Secret>> settings;
  for (const DnsSetting& setting : config.settings) {
    auto value = value_of(setting);
    if (!value)
      return fail(value.error().code, setting.key + "= of the DNS provider " + config.provider +
                                          ": " + value.error().message);
    settings.emplace_back(setting.key, *std::move(value));
  }
  return settings;
}

}  // namespace acme::keeper
