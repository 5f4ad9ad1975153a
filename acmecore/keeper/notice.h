// What an operator is told, as JSON (docs/NOTIFICATIONS.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/json.h"
#include "base/lineage.h"
#include "base/time.h"
#include "config/config.h"
#include "keeper/certificates.h"

namespace acme::keeper {

struct Notice {
  Event event = Event::failed;
  std::string message;  // one sentence, for people
  std::string certificate = {};
  std::optional<KeyType> key = {};
  std::vector<std::string> names = {};
  std::string issuer = {};
  std::string error = {};  // in the words of the CA, or of a program
  std::string url = {};    // to be opened by a person
  WallTime not_after = 0;
  WallTime next_try = 0;
  std::uint32_t failures = 0;

  // "failed of example.com", for the log.
  std::string subject() const;
};

// A notice about this lineage, with what is known of its certificate.
Notice notice_of(const Managed& managed, Event event, std::string message);

// `id`: the same whenever it is told again.
Json notice_json(const Notice& notice, const Config& config, const std::string& id, WallTime now);

}  // namespace acme::keeper
