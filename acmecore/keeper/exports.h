// Copies of certificates and keys that a group can read (the directive export):
// <dir>/<certificate>/ is a link that is switched to a folder with both files at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "keeper/certificates.h"
#include "keeper/complaint.h"
#include "store/store.h"

namespace acme::keeper {

class Exports {
 public:
  Exports(const Env& env, Log& log, const Config& config, Store& store,
          const Certificates& certificates);

  // Everything that is active and not exported yet, as far as that can be.
  void look();
  // Where something failed: when to look again.
  Millis next_deadline(Millis otherwise) const;
  // Whether each copy of this lineage is there.
  bool has(const Managed& managed) const;
  // The folders of its copies.
  std::vector<std::string> folders_of(const Managed& managed) const;

 private:
  struct Target {
    const ExportConfig* config;
    std::map<Lineage, std::string> done;  // versions
  };

  Outcome write(const ExportConfig& config, const Managed& managed);

  const Env& env_;
  const Config& config_;
  Log& log_;
  Store& store_;
  const Certificates& certificates_;
  std::vector<Target> targets_;
  Millis look_at_ = 0;  // 0: nothing has failed
  Millis backoff_ = 0;
  Complaint complaint_;
};

// Whether the certificate is active, and among those that `only` names (by id, or a name of it).
bool is_meant(const Managed& managed, const std::vector<std::string>& only);

// Of those names that are nobody's.
void warn_of_strangers(Log& log, const char* what, const Certificates& certificates,
                       const std::vector<std::string>& only);
// Which certificate it is that is stored.
std::string version_of(const Managed& managed);

}  // namespace acme::keeper
