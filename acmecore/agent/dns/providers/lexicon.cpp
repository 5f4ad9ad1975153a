// Debian's lexicon: one program for the APIs of some 60 DNS hosts. Its secrets are in its
// environment (LEXICON_<HOST>_…), never among its arguments.
#include "agent/dns/providers/program.h"

namespace acme::agent::dns {
namespace {

class Lexicon final : public ProgramProvider {
 public:
  Lexicon(const ProviderServices& services, Settings given, std::string host)
      : ProgramProvider(services, std::move(given)), host_(std::move(host)) {}

 private:
  Result<Program> program(bool set, const TxtRecord& record) const override {
    Program out;
    out.path = settings().text("program", "/usr/bin/lexicon");
    out.label = "lexicon " + host_;
    // The zone is what we found, and not what a list of public suffixes makes of its name.
    out.arguments = {"--delegated=" + record.zone, host_, "--output=QUIET", "--name=" + record.name,
                     "--content=" + record.value};  // which may begin with a '-'
    if (settings().has("ttl")) out.arguments.push_back("--ttl=" + settings().text("ttl"));
    out.arguments.insert(out.arguments.end(), {set ? "create" : "delete", record.zone, "TXT"});
    // That list it keeps in a file, which it would fetch first: /dev/null cannot be one.
    out.environment = {"TLDEXTRACT_CACHE_PATH=/dev/null"};
    return out;
  }

  const std::string host_;
};

}  // namespace

Made make_lexicon(const ProviderServices& services, Settings settings) {
  ACME_TRY(std::string host, settings.required("provider"));
  return Made(std::make_unique<Lexicon>(services, std::move(settings), std::move(host)));
}

}  // namespace acme::agent::dns
