// Where a site can be asked which certificate it shows, on this machine.
#pragma once

#include <cstdint>
#include <string>

namespace acme {

struct Listener {
  std::string address;  // "127.0.0.1:443", "[::1]:443", "unix:/run/site.sock"
  bool proxy_protocol = false;

  bool operator==(const Listener&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.address, self.proxy_protocol);
  }
};

}  // namespace acme
