#include "keeper/layout.h"

#include <map>

#include "config/names.h"
#include "config/site_names.h"

namespace acme::keeper {
namespace {

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.append(text);
  return list;
}

using ById = std::map<std::string_view, const CertificateConfig*>;

Json certificates_of(const SitePlace& site, const ById& by_id) {
  const std::vector<std::string> names = site_names(site.names).by_hand();
  Json list = Json::array();
  for (const std::string& id : site.certificates) {
    std::vector<std::string> its;
    auto certificate = by_id.find(id);
    for (const std::string& name : names)
      if (certificate != by_id.end() &&
          coverage(certificate->second->names, name) != Coverage::none)
        its.push_back(name);
    list.append(Json::object().set("id", id).set("names", list_of(its)));
  }
  return list;
}

}  // namespace

Json layout_json(const Config& config) {
  ById by_id;
  for (const CertificateConfig& certificate : config.certificates)
    by_id.emplace(certificate.id, &certificate);
  Json sites = Json::array();
  for (const SitePlace& site : rows_of<SitePlace>(config.layout.sites))
    sites.append(Json::object()
                     .set("file", site.file)
                     .set("line", static_cast<std::int64_t>(site.line))
                     .set("names", list_of(site.names))
                     .set("main", Json::boolean(site.is_main))
                     .set("own_certificate", Json::boolean(site.own_certificate))
                     .set("certificates", certificates_of(site, by_id)));
  Json directives = Json::array();
  for (const DirectivePlace& place : rows_of<DirectivePlace>(config.layout.directives))
    directives.append(Json::object()
                          .set("name", place.name)
                          .set("file", place.file)
                          .set("line", static_cast<std::int64_t>(place.line))
                          .set("block", Json::boolean(place.is_block)));
  return Json::object()
      .set("file", config.layout.file)
      .set("root", config.layout.root)
      .set("sites", sites)
      .set("directives", directives);
}

}  // namespace acme::keeper
