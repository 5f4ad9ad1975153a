#include "ctl/issuers.h"

#include <vector>

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

std::string text_of(const Json& issuer, const char* member, const char* otherwise) {
  return printable(issuer[member].text_or(otherwise));
}

std::string note_of(const Json& issuer) {
  if (issuer["next_key"].present()) return "its key is being changed";
  if (issuer["new_terms_of_service"].present()) return "new terms of service";
  return "";
}

std::string contacts_of(const Json& issuer) {
  std::vector<std::string> contacts;
  for (const Json& contact : issuer["contacts"].items())
    contacts.push_back(printable(contact.text_or("?")));
  return contacts.empty() ? "none" : join(contacts, ", ");
}

void append(std::string& out, const char* what, const std::string& value) {
  std::string label = std::string("  ") + what + ":";
  label.resize(22, ' ');
  out += label + value + "\n";
}

}  // namespace

std::string issuer_table(const Json& issuers, std::size_t width) {
  std::vector<Row> rows = {{"ISSUER", "ACCOUNT", "DIRECTORY", ""}};
  for (const Json& issuer : issuers.items())
    rows.push_back({text_of(issuer, "id", "?"), text_of(issuer, "account", "none yet"),
                    text_of(issuer, "directory_url", "?"), note_of(issuer)});
  return aligned(rows, width);
}

std::string account_pages(const Json& issuers) {
  std::string out;
  for (const Json& issuer : issuers.items()) {
    out += (out.empty() ? "" : "\n") + text_of(issuer, "id", "?") + "\n";
    append(out, "directory", text_of(issuer, "directory_url", "?"));
    append(out, "account", text_of(issuer, "account", "none yet: it is made with the first order"));
    append(out, "contact", contacts_of(issuer));
    if (issuer["external_account"].present())
      append(out, "external account", text_of(issuer, "external_account", "?"));
    if (!issuer["account"].text()) continue;
    append(out, "key", text_of(issuer, "key", "?"));
    if (issuer["next_key"].present())
      append(out, "next key", text_of(issuer, "next_key", "?") + " (a rollover is under way)");
    append(out, "made", text_of(issuer, "created", "-"));
    append(out, "terms of service", text_of(issuer, "terms_of_service", "none"));
    if (auto terms = issuer["new_terms_of_service"].text())
      append(out, "new terms",
             printable(*terms) + " (when you have read them: acmectl account agree " +
                 text_of(issuer, "id", "?") + ")");
  }
  return out;
}

}  // namespace acme::ctl
