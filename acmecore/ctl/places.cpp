#include "ctl/places.h"

namespace acme::ctl {
namespace {

Place usual_place(const std::string& server) {
  return {"/var/lib/acmecore/" + server, "/run/acmecore/" + server};
}

}  // namespace

bool Places::take(std::string_view option, const std::string& value) {
  std::string* member = option == "--server"    ? &server_
                        : option == "--state"   ? &state_
                        : option == "--runtime" ? &runtime_
                                                : nullptr;
  if (member) *member = value;
  return member != nullptr;
}

std::vector<Place> Places::all() const {
  if (!state_.empty() || !runtime_.empty())
    return {{state_, runtime_.empty() ? state_ + "/run" : runtime_}};
  if (!server_.empty()) return {usual_place(server_)};
  return {usual_place("nginx"), usual_place("httpd")};
}

}  // namespace acme::ctl
