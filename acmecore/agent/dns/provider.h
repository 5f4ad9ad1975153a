// Who sets TXT records for us: a DNS host's API, a dynamic update, a program. A provider
// knows how one record is set and removed, and nothing of ACME. docs/DNS_PROVIDERS.md shows
// how to write one.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace acme::agent::dns {

// Names are lower case and without the final dot.
struct TxtRecord {
  std::string name;   // where it is to stand, aliases followed: "_acme-challenge.example.com"
  std::string value;  // RFC 8555 8.4
  std::string zone;   // the zone that holds `name`: "example.com"
  std::string owner;  // the certificate's name that it is for: "example.com", also of a wildcard
  // RFC 8555 8.1, for those who make the value themselves (lego's raw mode); empty: not known.
  std::string key_authorization = {};
};

class Provider {
 public:
  // Set: what remove() needs to find the record again (an API's record id), journalled by the
  // caller; may be empty. Removed: empty.
  using Done = std::function<void(Result<std::string>)>;

  virtual ~Provider() = default;

  // Adds the record beside others of that name; one that is there already is success. `done`
  // is called once, never before this returns, unless the provider is destroyed before.
  virtual void set(const TxtRecord& record, Done done) = 0;
  // Takes back this value and no other; one that is gone is success. `id` is empty after a
  // crash between set() and its answer: then it is found by name and value.
  virtual void remove(const TxtRecord& record, const std::string& id, Done done) = 0;
  // Some (acme-dns) can hold only so many values of a name at a time; 0: any number.
  virtual std::size_t values_at_a_time() const { return 0; }
};

}  // namespace acme::agent::dns
