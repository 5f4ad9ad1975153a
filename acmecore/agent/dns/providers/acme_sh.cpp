// The dnsapi scripts of an installed acme.sh, for some 150 DNS hosts. They are parts of a shell
// program: it is read without a command, which defines its functions, then the script, then the
// script's function is called. Secrets are in the environment; what the scripts want to keep of
// them goes into a folder that is removed again.
#include "agent/dns/providers/program.h"

namespace acme::agent::dns {
namespace {

// $0 acme.sh, $1 the script, $2 its function, $3 the record's name, $4 its value.
constexpr const char* kWrapper = R"sh(
acmecore_script=$1 acmecore_call=$2 acmecore_name=$3 acmecore_value=$4
LE_CONFIG_HOME=$(mktemp -d) || exit 1
acmecore_folder=$LE_CONFIG_HOME
trap 'rm -rf "$acmecore_folder"' EXIT
trap 'exit 143' TERM
set --
. "$0" >/dev/null || exit
_initpath || exit
. "$acmecore_script" || exit
"$acmecore_call" "$acmecore_name" "$acmecore_value"
)sh";

class AcmeSh final : public ProgramProvider {
 public:
  AcmeSh(const ProviderServices& services, Settings given, std::string plugin)
      : ProgramProvider(services, std::move(given)), plugin_(std::move(plugin)) {}

 private:
  Result<Program> program(bool set, const TxtRecord& record) const override {
    Program out;
    out.path = "/bin/sh";
    out.label = "acme.sh's " + plugin_;
    out.arguments = {"-c",
                     kWrapper,
                     settings().text("program", "/usr/bin/acme.sh"),
                     settings().text("dnsapi", "/usr/share/acme.sh/dnsapi") + "/" + plugin_ + ".sh",
                     plugin_ + (set ? "_add" : "_rm"),
                     record.name,
                     record.value};
    return out;
  }

  const std::string plugin_;
};

}  // namespace

Made make_acme_sh(const ProviderServices& services, Settings settings) {
  ACME_TRY(std::string plugin, settings.required("plugin"));
  return Made(std::make_unique<AcmeSh>(services, std::move(settings), std::move(plugin)));
}

}  // namespace acme::agent::dns
