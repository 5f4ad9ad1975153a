// Dynamic updates (RFC 2136) of one TXT record, signed, and what a name server said to one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/dns/provider.h"
#include "agent/dns/tsig.h"
#include "base/result.h"

namespace acme::agent::dns {

enum class Change : std::uint8_t { add, remove };

// Adds the value beside others of that name, or takes away this one alone.
Result<std::string> make_update(const TxtRecord& record, Change change, std::int64_t ttl,
                                std::uint16_t id);

// `server` and `record` are for the words of an error.
Outcome read_update_answer(std::string_view answer, const SignedMessage& asked, const TsigKey& key,
                           const std::string& server, const TxtRecord& record, WallTime now);

}  // namespace acme::agent::dns
