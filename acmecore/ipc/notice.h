// What operators are told of: the keeper knows most of it, keeps it until it was told, and gives
// it to the agent, who runs the program or asks the URL.
#pragma once

#include <cstdint>
#include <string>

#include "base/event.h"
#include "ipc/messages.h"

namespace acme::ipc {

// One thing to be told to one who wants to know.
struct Notice {
  static constexpr Type kType = Type::notice;
  std::uint32_t number = 0;
  std::string target;  // NotifyConfig::id
  Event event = Event::failed;
  std::string subject;  // for the log: "failed of example.com"
  std::string json;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number, self.target, self.event, self.subject, self.json);
  }
};

// What the agent alone knows of: an order failed, or needs a person.
struct Happened {
  static constexpr Type kType = Type::happened;
  Event event = Event::failed;  // or action_required
  Lineage lineage;
  std::string issuer;
  std::string words;          // the CA's
  std::string url = {};       // to open, if any
  std::int64_t next_try = 0;  // wall clock
  bool of_issuer = false;     // every order there meets it

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.event, self.lineage, self.issuer, self.words, self.url, self.next_try,
            self.of_issuer);
  }
};

// It was told, or given up.
struct NoticeDone {
  static constexpr Type kType = Type::notice_done;
  std::uint32_t number = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.number);
  }
};

}  // namespace acme::ipc
