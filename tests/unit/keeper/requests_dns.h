// The requests about TXT records.
#pragma once

#include "base/text.h"
#include "unit/keeper/requests.h"

namespace acme::test {

inline const Lineage kWild{"wild", KeyType::ecdsa256};  // *.wild.example, at "second" by DNS
inline const std::string kSecond = "https://second.example";

// The value that the challenge with kToken wants.
inline std::string dns_value(Bench& bench) {
  return base64url_encode(sha256(REQUIRE_OK(bench.accounts().key_authorization("second", kToken))));
}
inline std::string present_in_dns(Bench& bench, ChallengeType type = ChallengeType::dns01) {
  bench.register_account("second");
  bench.granted(ipc::SignNewOrder{kWild, "second", kSecond + "/new-order", kNonce});
  bench.granted(ipc::OrderCreated{kWild, "second", kSecond + "/order/1", kSecond + "/finalize/1"});
  return bench.granted(ipc::PresentChallenges{kWild, "second", {{"wild.example", kToken, type}}});
}
inline DnsRecord dns_record(Bench& bench) {
  return {kWild,
          "second",
          "exec",
          "_acme-challenge.wild.example",
          dns_value(bench),
          "wild.example",
          "wild.example",
          "",
          0};
}
inline void plan_in_dns(Bench& bench) {
  present_in_dns(bench);
  bench.granted(ipc::PlanDnsRecords{{dns_record(bench)}});
}

inline Row read_dns_settings() {
  Row row;
  const auto in_dns = [](Bench& bench) { present_in_dns(bench); };
  row.refusals.push_back({"no order", "no order at second has a challenge in DNS",
                          after(kPresented, ipc::ReadDnsSettings{"second", 0})});
  row.refusals.push_back({"an order that is proven otherwise", "has no DNS provider 0",
                          after(kPresented, ipc::ReadDnsSettings{"ca", 0})});
  row.refusals.push_back({"a provider that is not configured", "has no DNS provider 1",
                          after(in_dns, ipc::ReadDnsSettings{"second", 1})});
  row.refusals.push_back({"an unknown issuer", "has no DNS provider",
                          after(in_dns, ipc::ReadDnsSettings{"nobody", 0})});
  row.granted = after(in_dns, ipc::ReadDnsSettings{"second", 0});
  return row;
}

inline Row plan_dns_records() {
  Row row;
  const auto with = [](auto change) {
    return [change](Bench& bench) {
      present_in_dns(bench);
      DnsRecord record = dns_record(bench);
      change(record);
      return Bench::frame(ipc::PlanDnsRecords{{record}});
    };
  };
  const auto refuse = [&](std::string what, std::string why, auto change) {
    row.refusals.push_back({std::move(what), std::move(why), with(change)});
  };
  row.refusals.push_back({"no order", "no order of wild is under way", [](Bench& bench) {
                            bench.register_account("second");
                            return Bench::frame(ipc::PlanDnsRecords{{dns_record(bench)}});
                          }});
  refuse("a value that no challenge wants", "wants that record",
         [](DnsRecord& record) { record.value = std::string(43, 'x'); });
  refuse("another CA's order", "no order of wild is under way at ca",
         [](DnsRecord& record) { record.issuer = "ca"; });
  refuse("an unknown certificate", "other is not configured",
         [](DnsRecord& record) { record.lineage = kStranger; });
  for (std::string name :
       {"", "a b.wild.example", "evil.example", "xwild.example", "a\n.wild.example"})
    refuse("the name " + printable(name), "is no name of a record",
           [name](DnsRecord& record) { record.name = name; });
  refuse("no zone", "is no name of a record", [](DnsRecord& record) { record.zone.clear(); });
  refuse("any length of text", "is no name of a record",
         [](DnsRecord& record) { record.owner = std::string(1000, 'x'); });
  row.refusals.push_back({"it cannot be journalled", "No space left", [](Bench& bench) {
                            present_in_dns(bench);
                            bench.env.writes_before_failure = 0;
                            return Bench::frame(ipc::PlanDnsRecords{{dns_record(bench)}});
                          }});
  row.granted = with([](DnsRecord&) {});
  return row;
}

inline Row note_dns_record() {
  Row row;
  const auto note = [](const std::string& id) {
    return [id](Bench& bench) {
      plan_in_dns(bench);
      const DnsRecord record = dns_record(bench);
      return Bench::frame(ipc::NoteDnsRecord{record.name, record.value, id});
    };
  };
  row.refusals.push_back({"one that was not planned",
                          "no such record of _acme-challenge.wild.example was planned",
                          at_once(ipc::NoteDnsRecord{"_acme-challenge.wild.example", "x", "1"})});
  row.refusals.push_back({"any length of id", "longer than 256", note(std::string(257, '1'))});
  row.refusals.push_back({"an id with a line end", "not printable", note("1\n")});
  row.granted = note("372e67954025e0ba6aaa6d586b9e0b59");
  return row;
}

inline Row forget_dns_record() {
  Row row;
  row.refusals.push_back({"one that was not planned",
                          "no such record of _acme-challenge.wild.example was planned",
                          at_once(ipc::ForgetDnsRecord{"_acme-challenge.wild.example", "x"})});
  row.granted = [](Bench& bench) {
    plan_in_dns(bench);
    const DnsRecord record = dns_record(bench);
    return Bench::frame(ipc::ForgetDnsRecord{record.name, record.value});
  };
  return row;
}

}  // namespace acme::test
