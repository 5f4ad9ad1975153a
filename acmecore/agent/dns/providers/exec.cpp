// A program of the operator's, called as ours, lego's or dehydrated's are.
#include "agent/dns/providers/program.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::string_view kPrefix = "_acme-challenge.";

class Exec final : public ProgramProvider {
 public:
  Exec(const ProviderServices& services, Settings given, std::string path)
      : ProgramProvider(services, std::move(given)),
        path_(std::move(path)),
        style_(settings().text("style", "acme")) {}

 private:
  Result<Program> program(bool set, const TxtRecord& record) const override {
    Program out;
    out.path = path_;
    ACME_TRY(out.arguments, arguments(set, record));
    return out;
  }

  Result<std::vector<std::string>> arguments(bool set, const TxtRecord& record) const {
    using Words = std::vector<std::string>;
    const std::string verb = set ? "present" : "cleanup";
    if (style_ == "lego") return Words{verb, record.name + ".", record.value};
    if (style_ == "lego-raw") {
      const std::string& authorization = record.key_authorization;
      if (authorization.empty())
        return fail(Errc::unsupported, "style=lego-raw needs the key authorization of " +
                                           printable(record.owner) +
                                           ", which is not known any more");
      return Words{verb, "--", record.owner, authorization.substr(0, authorization.find('.')),
                   authorization};
    }
    if (style_ == "dehydrated") {
      // Such a hook makes the record's name itself.
      if (!record.name.starts_with(kPrefix))
        return fail(Errc::unsupported, "style=dehydrated can set names that begin with " +
                                           std::string(kPrefix) + " only, not " +
                                           printable(record.name));
      return Words{set ? "deploy_challenge" : "clean_challenge", record.name.substr(kPrefix.size()),
                   record.value, record.value};
    }
    return Words{verb, record.name, record.value};
  }

  const std::string path_;
  const std::string style_;
};

}  // namespace

Made make_exec(const ProviderServices& services, Settings settings) {
  ACME_TRY(std::string path, settings.required("program"));
  return Made(std::make_unique<Exec>(services, std::move(settings), std::move(path)));
}

}  // namespace acme::agent::dns
