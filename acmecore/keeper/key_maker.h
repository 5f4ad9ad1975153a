// Makes certificate keys without holding up the event loop: P-256 and its
// kin at once (20 µs), RSA in a low-priority child that writes the PEM to a
// pipe, a few of them at a time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/lineage.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key.h"

namespace acme::keeper {

struct MadeKey {
  PrivateKey key;  // empty where a child made it: then it is read from the PEM
  Secret pem;
};

class KeyMaker {
 public:
  explicit KeyMaker(const Env& env) : env_(env) {}

  // Begins, where nothing is being made for this lineage.
  void begin(const Lineage& lineage);
  // The key, once; nothing while it is being made. A child that failed is made up for here and
  // now.
  std::optional<Result<MadeKey>> take(const Lineage& lineage);
  // A child at work is let finish, and its key is the next one's: no order after
  // the other can start any number of children.
  void forget(const Lineage& lineage);

  // For poll(): readable or ended descriptors mean that collect() should be called.
  std::vector<int> descriptors() const;
  // Reads what children wrote; the lineages whose key is ready now.
  std::vector<Lineage> collect();

 private:
  enum class State { queued, running, done };
  struct Job {
    State state = State::queued;
    bool wanted = true;
    bool told = false;  // by collect()
    UniqueFd pipe;
    Secret pem;
    std::size_t used = 0;  // 0 when done: nothing came from a child, take() makes it
  };
  void start_queued();
  void start(KeyType type, Job& job) const;
  static void read(Job& job);

  const Env& env_;
  std::map<Lineage, Job> jobs_;
};

}  // namespace acme::keeper
