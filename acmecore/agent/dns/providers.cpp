#include "agent/dns/providers.h"

#include "agent/dns/providers/parts.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

struct Entry {
  std::string_view name;
  Made (*make)(const ProviderServices&, Settings);
};
constexpr Entry kProviders[] = {
    {"cloudflare", make_cloudflare}, {"rfc2136", make_rfc2136}, {"acme-dns", make_acme_dns},
    {"httpreq", make_httpreq},       {"exec", make_exec},       {"lexicon", make_lexicon},
    {"acme.sh", make_acme_sh},
};

}  // namespace

Result<std::unique_ptr<Provider>> make_provider(const ProviderServices& services,
                                                const std::string& provider,
                                                ProviderSettings settings) {
  for (const Entry& entry : kProviders)
    if (entry.name == provider)
      return entry.make(services, Settings(provider, std::move(settings)));
  return fail(Errc::unsupported, "there is no DNS provider \"" + printable(provider) + "\"");
}

}  // namespace acme::agent::dns
