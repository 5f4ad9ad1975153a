#include "ctl/chosen.h"

#include "base/text.h"

namespace acme::ctl {
namespace {

bool carries(const Json& certificate, const std::string& name) {
  if (certificate["id"].text_or("") == name) return true;
  for (const Json& item : certificate["names"].items())
    if (equals_ignoring_case(item.text_or(""), name)) return true;
  return false;
}

// "*.example.com" for "www.example.com".
std::string wildcard_for(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? name : "*" + name.substr(dot);
}

bool mark(const std::vector<Json>& all, const std::string& name, std::vector<bool>& chosen) {
  bool found = false;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (carries(all[i], name)) chosen[i] = found = true;
  return found;
}

}  // namespace

Result<Json> with_certificates(Json status, const std::vector<std::string>& names) {
  if (names.empty()) return status;
  const std::vector<Json> all = status["certificates"].items();
  std::vector<bool> is_chosen(all.size());
  for (const std::string& name : names) {
    // One that has none of its own may be covered by a wildcard.
    if (!mark(all, name, is_chosen) && !mark(all, wildcard_for(name), is_chosen))
      return fail(Errc::not_found, "no certificate is called " + name + " or has that name");
  }
  Json chosen = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (is_chosen[i]) chosen.append(all[i]);
  status.set("certificates", std::move(chosen));
  return status;
}

}  // namespace acme::ctl
