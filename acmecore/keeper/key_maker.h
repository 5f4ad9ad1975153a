// Makes certificate keys without holding up the event loop: P-256 and its
// kin at once (20 µs), RSA in a low-priority child that writes the PEM to a pipe.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/lineage.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme::keeper {

class KeyMaker {
 public:
  // Begins, where nothing is being made for this lineage.
  void begin(const Lineage& lineage);
  // The key as PEM, once; nothing while it is being made. A child that failed
  // is made up for here and now.
  std::optional<Result<Secret>> take(const Lineage& lineage);
  void forget(const Lineage& lineage);

  // For poll(): readable or ended descriptors mean that take() should be tried.
  std::vector<int> descriptors() const;
  // Reads what children wrote; the lineages whose key is ready now.
  std::vector<Lineage> collect();

 private:
  struct Job {
    UniqueFd pipe;
    Secret pem;
    std::size_t used = 0;
    bool done = false;
  };
  std::map<Lineage, Job> jobs_;
};

}  // namespace acme::keeper
