// A configuration as a module would collect it, in a few words:
//
//   SiteConfig config;
//   config.main("acme", {"on"});
//   auto site = config.site({"example.com"});
//   site.set("renew", {"30d"});
//   const Config& resolved = config.resolved();
//
// Lines count up with each directive and site, in /etc/server.conf.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/builder.h"
#include "unit/check.h"

namespace acme::test {

using Words = std::vector<std::string>;

struct RecordingLog final : Log {
  void write(Level level, std::string_view line) override {
    (level == Level::error ? errors : warnings).emplace_back(line);
  }
  Words warnings;
  Words errors;
};

struct SiteOptions {
  bool tls = true;
  bool own_certificate = false;
  bool scope = true;  // false: no directive can stand in it (httpd gives such a host none)
};

class SiteConfig {
 public:
  explicit SiteConfig(ServerKind server = ServerKind::nginx) : builder(server, "/etc/server", log) {
    ServerFacts facts;
    facts.version = "server/1.0";
    facts.plain_http_listener = true;
    builder.set_facts(facts);
  }

  Outcome try_set(Builder::Scope scope, std::string_view key, const Words& values) {
    return builder.set(scope, key, values, here());
  }
  void set(Builder::Scope scope, std::string_view key, const Words& values) {
    REQUIRE_OK(try_set(scope, key, values));
  }
  void main(std::string_view key, const Words& values) { set(Builder::kMain, key, values); }
  std::string wrong(std::string_view key, const Words& values,
                    Builder::Scope scope = Builder::kMain) {
    return REQUIRE_ERROR(try_set(scope, key, values), Errc::invalid_config);
  }
  Builder::Scope issuer(std::string_view name) {
    return REQUIRE_OK(builder.add_issuer_scope(name, here()));
  }

  struct Site {
    SiteConfig* config;
    Builder::Scope scope;
    std::uint32_t number;
    Site& set(std::string_view key, const Words& values) {
      config->set(scope, key, values);
      return *this;
    }
    const SitePlan& plan() const { return config->builder.resolution().sites.at(number); }
  };
  Site site(const Words& names, SiteOptions options = {}) {
    SiteDescription description;
    description.scope = options.scope ? builder.add_site_scope() : Builder::kMain;
    description.names = names;
    description.tls = options.tls;
    description.own_certificate = options.own_certificate;
    description.place = here();
    Site out{this, description.scope, 0};
    out.number = REQUIRE_OK(builder.add_site(description));
    return out;
  }

  const Config& resolved() {
    REQUIRE_OK(builder.resolve());
    return builder.resolution().config;
  }
  const Config& resolved_anyhow() {
    REQUIRE_OK(builder.resolve(ResolveMode::anyhow));
    return builder.resolution().config;
  }
  std::string refused() { return REQUIRE_ERROR(builder.resolve(), Errc::invalid_config); }

  RecordingLog log;
  Builder builder;

 private:
  acme::Place here() { return {"/etc/server.conf", ++line_}; }
  unsigned line_ = 0;
};

// The certificates that a site uses.
inline Words certificates_of(const SiteConfig::Site& site) {
  Words ids;
  for (std::uint32_t index : site.plan().certificates)
    ids.push_back(site.config->builder.resolution().config.certificates.at(index).id);
  return ids;
}

}  // namespace acme::test
