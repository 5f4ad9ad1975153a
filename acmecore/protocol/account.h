// newAccount (RFC 8555 section 7.3): an existing key finds its account again.
#pragma once

#include <string>
#include <variant>

#include "protocol/failure.h"
#include "protocol/message.h"

namespace acme::protocol {

struct Account {
  std::string url;
  std::string status;  // "valid"
  bool existed = false;
};

// The answer to onlyReturnExisting: the CA does not know the key.
bool is_no_account(const Answer& answer);

// 200 and 201 with Location are an account.
std::variant<Account, Failure> read_account(const Answer& answer, WallTime now);

}  // namespace acme::protocol
