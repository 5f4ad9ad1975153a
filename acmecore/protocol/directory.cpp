#include "protocol/directory.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "protocol/document.h"
#include "protocol/message.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

constexpr std::size_t kProfiles = 64;  // more than any CA has

struct Endpoint {
  const char* member;
  std::string Directory::*url;
  bool needed;
};
constexpr Endpoint kEndpoints[] = {
    {"newNonce", &Directory::new_nonce, true},    {"newAccount", &Directory::new_account, true},
    {"newOrder", &Directory::new_order, true},    {"revokeCert", &Directory::revoke_cert, false},
    {"keyChange", &Directory::key_change, false}, {"renewalInfo", &Directory::renewal_info, false},
};

Error bad(std::string_view directory_url, const std::string& why) {
  return fail(Errc::protocol, "the directory at " + printable(directory_url) + " " + why);
}

void add_origin(Directory& directory, const std::string& origin) {
  auto& all = directory.origins;
  if (std::find(all.begin(), all.end(), origin) == all.end()) all.push_back(origin);
}

Outcome read_endpoint(Directory& directory, const Json& json, const Endpoint& endpoint,
                      std::string_view directory_url) {
  std::string url = json[endpoint.member].text_or("");
  if (url.empty()) {
    if (!endpoint.needed) return {};
    return bad(directory_url, std::string("names no ") + endpoint.member +
                                  ": this is no ACME server, or the URL is not its directory's");
  }
  std::optional<std::string> place = origin(url);
  if (!place)
    return bad(directory_url, std::string("gives a ") + endpoint.member +
                                  " that is no usable https URL: " + printable(url));
  add_origin(directory, *place);
  directory.*endpoint.url = std::move(url);
  return {};
}

void read_meta(Directory& directory, const Json& meta) {
  auto web_url = [&](const char* member) {
    std::string url = meta[member].text_or("");
    return is_web_url(url) ? url : std::string();
  };
  directory.terms_of_service = web_url("termsOfService");
  directory.website = web_url("website");
  directory.external_account_required = meta["externalAccountRequired"].truth();
  directory.caa_identities = read_issuer_domain_names(meta["caaIdentities"]);
  directory.profiles = meta["profiles"].keys();
  std::sort(directory.profiles.begin(), directory.profiles.end());
  if (directory.profiles.size() > kProfiles) directory.profiles.resize(kProfiles);
}

}  // namespace

bool Directory::has_origin_of(std::string_view url) const {
  std::optional<std::string> place = origin(url);
  return place && std::find(origins.begin(), origins.end(), *place) != origins.end();
}

Result<Directory> read_directory(std::string_view body, std::string_view directory_url) {
  Directory directory;
  std::optional<std::string> own = origin(directory_url);
  if (!own) return bad(directory_url, "has no usable https URL");
  directory.origins.push_back(*own);
  Result<Json> json = Json::parse(body);
  if (!json || !json->is_object()) {
    std::string why = json ? std::string("no JSON object") : json.error().message;
    return bad(directory_url, "is no directory: " + why + "; it begins \"" +
                                  printable(trim(body).substr(0, 80)) + "\"");
  }
  for (const Endpoint& endpoint : kEndpoints)
    ACME_CHECK(read_endpoint(directory, *json, endpoint, directory_url));
  read_meta(directory, (*json)["meta"]);
  return directory;
}

}  // namespace acme::protocol
