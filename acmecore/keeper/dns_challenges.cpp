// Challenges that are answered by TXT records: which ones the agent is to set, and what it may
// know and write down for that.
#include <algorithm>

#include "base/text.h"
#include "crypto/digest.h"
#include "keeper/certificates.h"
#include "keeper/dns_persist.h"
#include "keeper/dns_secrets.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestText = 253;  // of provider and owner
constexpr std::size_t kAccountBytes = 10;  // of the digest: draft-ietf-acme-dns-account-label

bool sets_records(const OrderRecord& order) {
  return std::any_of(order.key_authorizations.begin(), order.key_authorizations.end(),
                     [](const auto& record) { return sets_dns_record(record.type); });
}

std::string value_of(const KeyAuthorizationRecord& record) {
  return base64url_encode(sha256(record.key_authorization));
}

bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

bool is_within(std::string_view name, std::string_view zone) {
  return name.ends_with(zone) &&
         (name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.');
}

bool is_sound(const DnsRecord& record) {
  return is_dns_name(record.name) && is_dns_name(record.zone) &&
         is_within(record.name, record.zone) && record.id.empty() &&
         record.owner.size() <= kLongestText && record.owner == printable(record.owner) &&
         record.provider.size() <= kLongestText && record.provider == printable(record.provider);
}

}  // namespace

ipc::WantedDnsRecords Certificates::dns_records(const Managed& managed) {
  ipc::WantedDnsRecords wanted;
  if (!managed.order) return wanted;
  for (const KeyAuthorizationRecord& record : managed.order->key_authorizations) {
    if (record.type == ChallengeType::dnspersist01) {
      const auto& names = managed.order->names;
      const bool wildcard =
          std::find(names.begin(), names.end(), "*." + record.identifier) != names.end();
      auto text = persistent_text(accounts_, managed.order->issuer, wildcard);
      if (text)
        wanted.records.push_back({record.identifier, "_validation-persist." + record.identifier,
                                  *std::move(text), true});
    }
    if (!sets_dns_record(record.type)) continue;
    std::string name = "_acme-challenge." + record.identifier;
    if (record.type == ChallengeType::dnsaccount01) {
      const Sha256 digest = sha256(accounts_.account_url(managed.order->issuer));
      name = "_" + base32_encode(std::span(digest).first(kAccountBytes)) + "." + name;
    }
    wanted.records.push_back(
        {record.identifier, std::move(name), value_of(record), false, record.key_authorization});
  }
  return wanted;
}

Result<ipc::DnsSettings> Certificates::dns_settings(const ipc::ReadDnsSettings& request) {
  const IssuerConfig* issuer = config_.issuer(request.issuer);
  if (!issuer || request.provider >= issuer->dns.size())
    return fail(Errc::refused, printable(request.issuer) + " has no DNS provider " +
                                   std::to_string(request.provider));
  const auto sets_some = [&](const auto& entry) {
    const std::optional<OrderRecord>& order = entry.second.order;
    return order && entry.second.presented && order->issuer == request.issuer &&
           sets_records(*order);
  };
  const bool under_way = std::any_of(managed_.begin(), managed_.end(), sets_some) ||
                         std::any_of(trials_.begin(), trials_.end(), sets_some);
  if (!under_way && dns_.all().empty())
    return fail(Errc::refused, "no order at " + request.issuer + " has a challenge in DNS");
  ACME_TRY(auto settings, read_dns_settings(issuer->dns[request.provider]));
  ipc::DnsSettings out;
  for (auto& [key, value] : settings) out.settings.push_back({key, std::move(value)});
  return out;
}

Outcome Certificates::plan_dns_records(const ipc::PlanDnsRecords& request) {
  std::vector<DnsRecord> records = request.records;
  for (DnsRecord& record : records) {
    const Managed* managed = find_ordered(record.lineage);
    if (!managed)
      return fail(Errc::refused, printable(record.lineage.certificate) + " is not configured so");
    ACME_CHECK(order_of(*managed, record.issuer));
    const auto& challenges = managed->order->key_authorizations;
    const auto challenge = std::find_if(challenges.begin(), challenges.end(), [&](const auto& one) {
      return sets_dns_record(one.type) && value_of(one) == record.value;
    });
    if (!managed->presented || challenge == challenges.end())
      return fail(Errc::refused, "no challenge of " + record.lineage.certificate +
                                     " wants that record of " + printable(record.name));
    record.key_authorization = challenge->key_authorization;
    if (!is_sound(record))
      return fail(Errc::refused, printable(record.name) + " in the zone " + printable(record.zone) +
                                     " is no name of a record");
    record.since = env_.now();
  }
  return dns_.plan(std::move(records));
}

}  // namespace acme::keeper
