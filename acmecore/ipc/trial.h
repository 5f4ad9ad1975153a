// A dry run (acmectl renew --dry-run): an order at an issuer's staging CA of which nothing is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/messages.h"

namespace acme::ipc {

// The operator wants to know what the CA would say. The order goes by the messages of every
// order, under a lineage of its own, which is known to the keeper as long as the dry run lasts.
struct Trial {
  static constexpr Type kType = Type::trial;
  std::uint32_t number = 0;
  Lineage lineage;
  std::string issuer;
  std::vector<std::string> names;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.lineage, self.issuer, self.names);
  }
};

struct TrialDone {
  static constexpr Type kType = Type::trial_done;
  std::uint32_t number = 0;
  std::string words;  // why it failed, the CA's where it said something; empty: it did not

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.words);
  }
};

}  // namespace acme::ipc
