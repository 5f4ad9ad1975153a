// dns_records.json: the TXT records that stand in somebody's zone for orders under way.
#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/state.h"

namespace acme {
namespace {

struct Member {
  const char* name;
  std::string DnsRecord::*text;
  bool needed;
};
constexpr Member kMembers[] = {
    {"issuer", &DnsRecord::issuer, false},
    {"provider", &DnsRecord::provider, false},
    {"name", &DnsRecord::name, true},
    {"value", &DnsRecord::value, true},
    {"zone", &DnsRecord::zone, false},
    {"owner", &DnsRecord::owner, false},
    {"id", &DnsRecord::id, false},
    {"key_authorization", &DnsRecord::key_authorization, false},
};

Result<DnsRecord> record_in(const Json& in) {
  DnsRecord record;
  for (const Member& member : kMembers) {
    record.*member.text = in[member.name].text_or("");
    if (member.needed && (record.*member.text).empty())
      return fail(Errc::damaged, std::string("a DNS record without ") + member.name);
  }
  record.lineage.certificate = in["certificate"].text_or("");
  if (auto key = key_type_from_slug(in["key"].text_or(""))) record.lineage.key = *key;
  record.since = std::max<WallTime>(parse_rfc3339(in["since"].text_or("")).value_or(0), 0);
  return record;
}

}  // namespace

std::string encode_dns_records(const std::vector<DnsRecord>& records) {
  Json list = Json::array();
  for (const DnsRecord& record : records) {
    Json item = Json::object();
    item.set("certificate", record.lineage.certificate);
    item.set("key", std::string(key_type_slug(record.lineage.key)));
    for (const Member& member : kMembers)
      if (!(record.*member.text).empty()) item.set(member.name, printable(record.*member.text));
    if (record.since > 0) item.set("since", format_rfc3339(record.since));
    list.append(item);
  }
  return Json::object().set("records", list).compact() + "\n";
}

Result<std::vector<DnsRecord>> decode_dns_records(std::string_view text) {
  auto in = Json::parse(text);
  if (!in) return fail(Errc::damaged, in.error().message);
  if (!in->is_object()) return fail(Errc::damaged, "not a JSON object");
  std::vector<DnsRecord> records;
  for (const Json& item : (*in)["records"].items()) {
    ACME_TRY(DnsRecord record, record_in(item));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::vector<DnsRecord>> Store::load_dns_records() const {
  return state_->load_record(state_->root, std::string(kDnsRecords), decode_dns_records);
}

Outcome Store::save_dns_records(const std::vector<DnsRecord>& records) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kDnsRecords, encode_dns_records(records));
}

}  // namespace acme
