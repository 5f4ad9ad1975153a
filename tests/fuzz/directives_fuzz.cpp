// Any text as directives of each server: refused, or resolved into a
// configuration whose names, ids and slots keep their rules; and something is
// left of it always. Each line is one directive:
//
//   key value…            in the current scope
//   { name                an issuer's block
//   ( flag name…          a site (bit 0: TLS, bit 1: a certificate of its own)
//   }                     back to the outermost scope
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/builder.h"

namespace {

using namespace acme;

struct NoLog final : Log {
  void write(Level, std::string_view) override {}
};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Reader {
  explicit Reader(ServerKind server) : builder(server, "/etc/server", log) {}
  void line(const std::string& text) {
    std::vector<std::string> words = split(text, ' ');
    const std::string key = words.front();
    words.erase(words.begin());
    const Place place{"f", ++number};
    if (key == "}") {
      scope = Builder::kMain;
    } else if (key == "{") {
      auto added = builder.add_issuer_scope(words.empty() ? "" : words[0], place);
      if (added) scope = *added;
    } else if (key == "(") {
      add_site(std::move(words), place);
    } else if (key != "domain_file") {  // no files of this machine
      Outcome set = builder.set(scope, key, words, place);
      require(set || !set.error().message.empty());
    }
  }
  void add_site(std::vector<std::string> words, const Place& place) {
    SiteDescription site;
    site.scope = scope = builder.add_site_scope();
    const unsigned flags =
        words.empty() || words[0].empty() ? 1 : static_cast<unsigned>(words[0][0]);
    site.tls = (flags & 1) != 0;
    site.own_certificate = (flags & 2) != 0;
    if (!words.empty()) words.erase(words.begin());
    site.names = std::move(words);
    site.place = place;
    require(bool(builder.add_site(std::move(site))));
  }

  NoLog log;
  Builder builder;
  Builder::Scope scope = Builder::kMain;
  unsigned number = 0;
};

void check(const Resolution& resolution) {
  const Config& config = resolution.config;
  std::set<std::string> ids;
  for (const CertificateConfig& certificate : config.certificates) {
    require(ids.insert(certificate.id).second);
    require(!certificate.id.empty() && certificate.id.size() < 200 && certificate.id[0] != '.' &&
            certificate.id.find('/') == std::string::npos);
    require(!certificate.names.empty() && certificate.names.size() <= 100);
    for (const std::string& name : certificate.names) require(name == lower(name));
  }
  for (const SitePlan& plan : resolution.sites) {
    require((plan.kind == SitePlan::Kind::off) == plan.certificates.empty());
    for (std::uint32_t index : plan.certificates) require(index < config.certificates.size());
  }
  require(bool(decode_config(encode_config(config).view())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    Reader reader(server);
    for (const std::string& line : split(text, '\n')) reader.line(line);
    if (reader.builder.resolve()) check(reader.builder.resolution());
    require(bool(reader.builder.resolve(ResolveMode::anyhow)));
    check(reader.builder.resolution());
  }
  return 0;
}
