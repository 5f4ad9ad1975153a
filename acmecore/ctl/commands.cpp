#include "ctl/commands.h"

namespace acme::ctl {
namespace {

using ipc::ControlType;
constexpr std::size_t kAny = 0xffff;

constexpr Command kCommands[] = {
    {"status", ControlType::status, 0, kAny, "status"},
    {"renew", ControlType::renew, 1, kAny, "renew"},
    {"check", ControlType::check, 1, 1, ""},
    {"revoke", ControlType::revoke, 1, kAny, ""},
    {"issuers", ControlType::issuers, 0, 0, "issuers"},
    {"dns-persist", ControlType::dns_persist, 1, 1, "dns-persist"},
    {"account show", ControlType::issuers, 0, 1, "issuers"},
    {"account rollover", ControlType::account_rollover, 1, 1, ""},
    {"account agree", ControlType::account_agree, 1, 1, ""},
    {"account deactivate", ControlType::account_deactivate, 1, 1, ""},
};

}  // namespace

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands)
    if (command.name == name) return &command;
  return nullptr;
}

bool has_subcommands(std::string_view name) {
  return name == "account";
}

const char* const kUsage =
    "usage: acmectl [--server nginx|httpd] [--state PATH] [--runtime PATH] COMMAND\n"
    "\n"
    "  status [NAME] [--json]   every certificate, its end, its next renewal, its last error\n"
    "  renew NAME...            order these certificates again, now\n"
    "  check NAME [--json]      look at a name as the CA will: its addresses, port 80, CAA\n"
    "  revoke NAME...           have these certificates revoked by their CA, and order new ones\n"
    "      --reason REASON      keyCompromise, superseded, cessationOfOperation or unspecified\n"
    "      --no-order           order none in their place (not with keyCompromise)\n"
    "  dns-persist NAME         the TXT records by which dns-persist-01 proves its names for good\n"
    "  import CLIENT PATH       take over from certbot, mod_md or nginx-acme\n"
    "  issuers [--json]         every CA that is configured, and the account there\n"
    "  account show [ISSUER] [--json]\n"
    "                           the account, its contacts, its key, the terms of service\n"
    "  account rollover ISSUER  give the account a new key\n"
    "  account agree ISSUER     take note of the CA's new terms of service\n"
    "  account deactivate ISSUER --yes\n"
    "                           end the account, for ever\n"
    "\n"
    "  --state PATH    the server's state path, where its configuration sets one\n"
    "  --runtime PATH  its runtime path (default: beside --state its folder run)\n"
    "Without them the paths of nginx and of httpd are tried in turn.\n";

}  // namespace acme::ctl
