// A TXT record that is set for an order, as the journal has it: written before the record is
// set, dropped when it is removed, so that no crash leaves one in the zone.
#pragma once

#include <string>

#include "base/lineage.h"

namespace acme {

struct DnsRecord {
  Lineage lineage;       // whose order it is for
  std::string issuer;    // where that is, and whose providers set it
  std::string provider;  // "cloudflare"
  std::string name;      // aliases followed: "_acme-challenge.example.com"
  std::string value;
  std::string zone;
  std::string owner;  // the certificate's name that it is for, without "*."
  std::string id;     // the provider's own for it; empty: none, or not known yet
  WallTime since = 0;
  std::string key_authorization{};  // for providers that make the value themselves
  bool operator==(const DnsRecord&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage, self.issuer, self.provider, self.name, self.value, self.zone, self.owner,
            self.id, self.since, self.key_authorization);
  }
};

}  // namespace acme
