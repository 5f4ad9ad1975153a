// Names looked at as a CA will see them (acmectl check, and beside first orders): what is asked,
// and what was found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/messages.h"

namespace acme::ipc {

// unknown: it could not be seen from here, which says nothing about what the CA will see.
enum class Verdict : std::uint8_t { good, bad, unknown };

// One thing that was looked at.
struct Sight {
  std::string what;  // "A 192.0.2.7", "CAA"
  Verdict verdict = Verdict::unknown;
  std::string words;  // bad: a sentence that stands alone

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.what, self.verdict, self.words);
  }
};

struct NameReport {
  std::string name;
  std::vector<Sight> sights;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.sights);
  }
};

// The operator wants these names of a certificate looked at.
struct Check {
  static constexpr Type kType = Type::check;
  std::uint32_t number = 0;
  Lineage lineage;
  std::vector<std::string> names;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.lineage, self.names);
  }
};

struct CheckDone {
  static constexpr Type kType = Type::check_done;
  std::uint32_t number = 0;
  std::string issuer;  // whose view it is
  std::vector<NameReport> names;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.issuer, self.names);
  }
};

// Workers are to answer a token of the keeper's own making, as they answer those of CAs. The
// reply is what they answer, "token.rest".
struct BeginProbe {
  static constexpr Type kType = Type::begin_probe;
  Lineage lineage;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.lineage);
  }
};

struct EndProbe {
  static constexpr Type kType = Type::end_probe;
  std::string token;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.token);
  }
};

}  // namespace acme::ipc
