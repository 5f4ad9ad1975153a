#include "ctl/eject.h"

#include "base/key_type.h"
#include "base/text.h"

namespace acme::ctl {
namespace {

struct Lines {
  const char* chain;
  const char* key;
  const char* end;
  const char* site;
};
constexpr Lines kNginx = {"ssl_certificate     ", "ssl_certificate_key ", ";",
                          "each server { } with one of these names"};
constexpr Lines kHttpd = {"SSLCertificateFile    ", "SSLCertificateKeyFile ", "",
                          "each <VirtualHost> with one of these names"};

std::string names_of(const Json& certificate) {
  std::vector<std::string> names;
  for (const Json& name : certificate["names"].items())
    names.push_back(printable(name.text_or("?")));
  return join(names, " ");
}

// Both servers take a quoted path.
std::string quoted(const std::string& path) {
  return path.find_first_of(" ;{}#'\"") == std::string::npos ? path : "\"" + path + "\"";
}

}  // namespace

std::string folder_in_store(const std::string& state_path, const Json& certificate) {
  const auto key = parse_key_type(certificate["key"].text_or(""));
  return state_path + "/certs/" + printable(certificate["id"].text_or("?")) + "/" +
         (key ? std::string(key_type_slug(*key)) : "?") + "/current";
}

std::string static_lines(const Json& status, const FolderOf& folder_of) {
  const Lines& lines = status["server"].text_or("") == "httpd" ? kHttpd : kNginx;
  std::string out = std::string("# Into ") + lines.site +
                    ", in the place of the module's own directives.\n"
                    "# Without the module nothing renews these certificates any more.\n";
  std::string before;
  for (const Json& certificate : status["certificates"].items()) {
    const std::string id = printable(certificate["id"].text_or("?"));
    // Several kinds of key of one certificate stand together.
    if (id != before) out += "\n# " + id + ": " + names_of(certificate) + "\n";
    before = id;
    if (!certificate["serial"].text()) {
      out += "# no certificate (" + printable(certificate["key"].text_or("?")) + ") yet\n";
      continue;
    }
    const std::string folder = folder_of(certificate);
    out += lines.chain + quoted(folder + "/fullchain.pem") + lines.end + "\n";
    out += lines.key + quoted(folder + "/privkey.pem") + lines.end + "\n";
    if (auto end = certificate["not_after"].text()) out += "# until " + printable(*end) + "\n";
  }
  return out;
}

}  // namespace acme::ctl
