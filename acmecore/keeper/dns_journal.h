// Which TXT records the agent has set, or is about to, in zones of the operator's: they outlive
// their order, until somebody has removed them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "store/store.h"

namespace acme::keeper {

inline constexpr std::size_t kMostDnsRecords = 10'000;

class DnsJournal {
 public:
  DnsJournal(Log& log, Store& store) : log_(log), store_(store) {}

  const std::vector<DnsRecord>& all();
  // On disk before it returns. Errc::refused for more than there may be.
  Outcome plan(std::vector<DnsRecord> records);
  Outcome note(std::string_view name, std::string_view value, std::string_view id);
  Outcome forget(std::string_view name, std::string_view value);

 private:
  std::vector<DnsRecord>::iterator find(std::string_view name, std::string_view value);
  Outcome unknown(std::string_view name) const;

  Log& log_;
  Store& store_;
  std::vector<DnsRecord> records_;
  bool loaded_ = false;
};

}  // namespace acme::keeper
