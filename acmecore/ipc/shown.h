// What the server's own listeners show, looked at from this machine after a certificate was
// activated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/listener.h"
#include "ipc/messages.h"

namespace acme::ipc {

// What a client has to understand to be shown a certificate: where there are two kinds of key for
// the same names, each is asked for by itself.
enum class KeyFamily : std::uint8_t { any, ecdsa, rsa };

// Keeper → agent: look there.
struct Look {
  static constexpr Type kType = Type::look;
  std::uint32_t number = 0;
  std::string name;  // as SNI; empty: none is sent
  KeyFamily family = KeyFamily::any;
  std::vector<Listener> listeners;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.name, self.family, self.listeners);
  }
};

// What was seen at one listener.
struct Shown {
  enum class What : std::uint8_t {
    certificate,
    no_handshake,  // somebody answers there, but not so
    no_answer,     // nobody does
    not_allowed    // it cannot be seen from here, which says nothing
  };
  What what = What::not_allowed;
  std::string digest = {};  // of the certificate: SHA-256 in hex
  std::string words = {};   // of a certificate whose it is, else why there is none

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.what, self.digest, self.words);
  }
};

// Agent → keeper.
struct LookDone {
  static constexpr Type kType = Type::look_done;
  std::uint32_t number = 0;
  std::vector<Shown> shown;  // of each listener, in their order

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.shown);
  }
};

}  // namespace acme::ipc
