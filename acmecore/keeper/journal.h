// The systemd journal, by its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): a
// datagram for each entry. Without libsystemd, whose five compression and crypto libraries have no
// business in the process that holds the keys.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace acme::keeper {

// Whether this descriptor leads to the journal: JOURNAL_STREAM of the environment
// (systemd.exec(5)), "device:inode", or null where there is none.
bool is_journal(int fd, const char* journal_stream);

class Journal {
 public:
  // Names are upper case, as systemd.journal-fields(7) has them; a value is any bytes.
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

  explicit Journal(std::string socket = "/run/systemd/journal/socket")
      : socket_(std::move(socket)) {}
  // Never waits. False: it was not taken (nobody listens, too long, too many); say it elsewhere.
  bool send(const Fields& fields);

 private:
  std::string socket_;
  UniqueFd fd_;
};

}  // namespace acme::keeper
