#include "ctl/import_source.h"

#include "base/text.h"
#include "ctl/foreign_file.h"

namespace acme::ctl {

std::vector<std::string> ImportSource::names_in(const std::string& folder) {
  auto names = ctl::names_in(folder);
  if (names) return *std::move(names);
  if (names.error().code != Errc::not_found)
    problems.push_back({"folder", folder, names.error().message});
  return {};
}

Result<ImportSource> read_source(std::string_view client, const std::string& path) {
  Result<ImportSource> (*read)(const std::string&) = client == "certbot"      ? read_certbot
                                                     : client == "mod_md"     ? read_mod_md
                                                     : client == "nginx-acme" ? read_nginx_acme
                                                                              : nullptr;
  if (!read)
    return fail(Errc::invalid_argument,
                "import is from certbot, mod_md or nginx-acme, not from " + printable(client));
  ACME_CHECK(names_in(path));
  return read(path);
}

}  // namespace acme::ctl
