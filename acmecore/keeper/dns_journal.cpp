#include "keeper/dns_journal.h"

#include <algorithm>

#include "base/text.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLongestId = 256;

}  // namespace

const std::vector<DnsRecord>& DnsJournal::all() {
  if (loaded_) return records_;
  loaded_ = true;
  auto stored = store_.load_dns_records();
  if (stored)
    records_ = *std::move(stored);
  else if (stored.error().code != Errc::not_found)
    log_.error(stored.error().message +
               ": TXT records that it listed may have to be deleted by hand");
  return records_;
}

std::vector<DnsRecord>::iterator DnsJournal::find(std::string_view name, std::string_view value) {
  all();
  return std::find_if(records_.begin(), records_.end(), [&](const DnsRecord& record) {
    return record.name == name && record.value == value;
  });
}

Outcome DnsJournal::unknown(std::string_view name) const {
  return fail(Errc::refused, "no such record of " + printable(name) + " was planned");
}

Outcome DnsJournal::plan(std::vector<DnsRecord> records) {
  std::vector<DnsRecord> with = all();
  for (DnsRecord& record : records)
    if (find(record.name, record.value) == records_.end()) with.push_back(std::move(record));
  if (with.size() == records_.size()) return {};
  if (with.size() > kMostDnsRecords)
    return fail(Errc::refused, "more than " + std::to_string(kMostDnsRecords) + " DNS records");
  ACME_CHECK(store_.save_dns_records(with));
  records_ = std::move(with);
  return {};
}

Outcome DnsJournal::note(std::string_view name, std::string_view value, std::string_view id) {
  auto record = find(name, value);
  if (record == records_.end()) return unknown(name);
  if (id.size() > kLongestId || id != printable(id))
    return fail(Errc::refused, "the provider's id of the record of " + record->name +
                                   " is longer than 256 characters, or not printable");
  if (record->id == id) return {};
  record->id = id;
  return store_.save_dns_records(records_);
}

Outcome DnsJournal::forget(std::string_view name, std::string_view value) {
  auto record = find(name, value);
  if (record == records_.end()) return unknown(name);
  records_.erase(record);
  return store_.save_dns_records(records_);
}

}  // namespace acme::keeper
