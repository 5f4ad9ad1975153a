#include "ctl/places.h"

#include <string_view>

namespace acme::ctl {
namespace {

Place usual_place(const std::string& server) {
  return {"/var/lib/acmecore/" + server, "/run/acmecore/" + server};
}

}  // namespace

bool Places::take(int argc, char** argv, int& i) {
  const std::string_view argument = argv[i];
  std::string* value = argument == "--server"    ? &server_
                       : argument == "--state"   ? &state_
                       : argument == "--runtime" ? &runtime_
                                                 : nullptr;
  if (!value || i + 1 >= argc) return false;
  *value = argv[++i];
  return true;
}

std::vector<Place> Places::all() const {
  if (!state_.empty() || !runtime_.empty())
    return {{state_, runtime_.empty() ? state_ + "/run" : runtime_}};
  if (!server_.empty()) return {usual_place(server_)};
  return {usual_place("nginx"), usual_place("httpd")};
}

}  // namespace acme::ctl
