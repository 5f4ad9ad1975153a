// A provider's settings as it reads them, and the eraser for what others say: an API or a
// program may repeat a secret that it was given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dns/providers.h"

namespace acme::agent::dns {

class Settings {
 public:
  // `provider`: its name, for messages.
  Settings(std::string provider, ProviderSettings settings)
      : provider_(std::move(provider)), settings_(std::move(settings)) {}

  const std::string& provider() const { return provider_; }
  const Secret* secret(std::string_view key) const;
  std::string text(std::string_view key, std::string_view otherwise = {}) const;
  std::int64_t number(std::string_view key, std::int64_t otherwise) const;
  bool has(std::string_view key) const { return secret(key) != nullptr; }
  // An error where it is missing: from a file it can be anything.
  Result<std::string> required(std::string_view key) const;

  // What begins with a capital, as a program's environment has it: "NAME=value".
  std::vector<std::string> environment() const;

  // Safe to print: escaped, and whatever of it is a secret is "***".
  std::string scrubbed(std::string_view foreign) const;
  // What must not be printed beside the values of secret settings: a password inside a file.
  void add_secret(std::string_view secret);

 private:
  std::string provider_;
  ProviderSettings settings_;
  std::vector<Secret> more_secrets_;
};

}  // namespace acme::agent::dns
