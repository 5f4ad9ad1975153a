// The way to a CA: `proxy`, `ip_version`, in an issuer's block or for all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

// What the server's environment says of proxies, as curl knows it: handed on to the agent, who
// goes by it where no directive stands. `HTTP_PROXY` is none of them: a CGI's client may set it.
inline constexpr const char* kProxyVariables[] = {
    "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

enum class IpVersion : std::uint8_t { any, ipv4, ipv6 };

struct ProxyConfig {
  enum class Mode : std::uint8_t {
    environment,  // as the server's environment says
    direct,       // none, whatever that says
    given,
  } mode = Mode::environment;
  std::string url;            // "http://proxy.example:3128"; user and password are beside it
  std::string user;           // empty: none
  std::string password_file;  // read by the keeper; empty: none, or it stands in the URL
  Secret password;            // which had better not be; in the agent's copy also that of the file

  ProxyConfig() = default;
  ProxyConfig(const ProxyConfig& other)
      : mode(other.mode),
        url(other.url),
        user(other.user),
        password_file(other.password_file),
        password(other.password.clone()) {}
  ProxyConfig(ProxyConfig&&) = default;
  ProxyConfig& operator=(const ProxyConfig& other) { return *this = ProxyConfig(other); }
  ProxyConfig& operator=(ProxyConfig&&) = default;
  ~ProxyConfig() = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.mode, self.url, self.user, self.password_file, self.password);
  }
};

// What was written; what is absent is inherited.
struct OutboundSettings {
  std::optional<ProxyConfig> proxy;
  std::optional<IpVersion> ip_version;
};

struct OutboundConfig {
  ProxyConfig proxy = {};
  IpVersion ip_version = IpVersion::any;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.proxy, self.ip_version);
  }
};

// `issuer` before `all`, before the default.
OutboundConfig outbound_config(const OutboundSettings& issuer, const OutboundSettings& all);

bool is_outbound(std::string_view key);  // one of these directives
// What is wrong is said without anything that may be a password.
Outcome assign_outbound(OutboundSettings& settings, std::string_view key,
                        const std::vector<std::string>& values, std::string_view root);

// `URL [password=file:PATH]`, or off, none.
Result<ProxyConfig> parse_proxy(const std::vector<std::string>& values, std::string_view root);
// As the environment has it: without a scheme it is http://, and the port may be left out.
Result<ProxyConfig> parse_proxy_variable(std::string_view text);

}  // namespace acme
