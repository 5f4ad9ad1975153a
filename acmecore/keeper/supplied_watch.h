// The certificate files that the operator supplied, as they are now: nobody renews them, somebody
// should know when they end. Looked at each minute, so that one that was replaced is seen without a
// reload; read only where it is not the file that was read before.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "config/config.h"

namespace acme::keeper {

struct SuppliedCertificate {
  std::string file;
  std::vector<std::string> successors;  // as in SuppliedFile
  std::vector<std::string> names = {};  // escaped
  WallTime not_before = 0;
  WallTime not_after = 0;
};

class SuppliedWatch {
 public:
  explicit SuppliedWatch(const Config& config);

  // Those that can be read, without those that could not be yet: of thousands only some are read in
  // one look, because nothing else is done meanwhile.
  std::vector<SuppliedCertificate> look();
  // The last look has left some unread: not to be waited for a minute, since a server that is
  // reloaded often would never come to them.
  bool is_behind() const { return is_behind_; }

 private:
  struct Watched {
    SuppliedCertificate certificate;
    DomainFileState state = {};  // when it was read
    bool is_known = false;
  };

  std::vector<Watched> files_;
  bool is_behind_ = false;
};

}  // namespace acme::keeper
