// Makes an order's names provable in DNS (dns-01, dns-account-01): looks whether the operator's own
// records are there (dns-persist-01), finds where its TXT records
// have to stand, sets all of them, and waits once until the zones' name servers show them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/dns_records.h"
#include "ipc/messages.h"
#include "protocol/failure.h"

namespace acme::agent {

class Dns01 {
 public:
  Dns01(Services services, DnsTools tools, const Config& config)
      : services_(services),
        tools_(std::move(tools)),
        config_(config),
        records_(services, tools_, config) {}

  using Told = std::function<void(const std::string& stage)>;
  // Nothing: the CA may look. A failure has cost no validation.
  using Done = std::function<void(std::optional<protocol::Failure>)>;
  // `done` is called later, once; neither after release().
  void present(const Lineage& lineage, const std::string& issuer, ipc::WantedDnsRecords wanted,
               Told told, Done done);
  // The order has ended: what was set for it is removed.
  void release(const Lineage& lineage);

  // What other agents left, and which orders go on: theirs may be needed yet.
  void take_over(const std::vector<DnsRecord>& left);
  void release_others(const std::function<bool(const Lineage&)>& goes_on);

  const DnsRecords& records() const { return records_; }

 private:
  struct Run {
    Lineage lineage;
    const IssuerConfig& issuer;
    ipc::WantedDnsRecords wanted;
    std::vector<ipc::WantedDnsRecords::Record> persistent;
    Told told;
    Done done;
    std::map<std::string, dns::ZonePlace> places = {};  // by the name that was asked for
    std::map<std::uint32_t, DnsRecords::SharedProvider> providers = {};
    std::size_t outstanding = 0;
    std::vector<std::string> errors = {};
  };
  using SharedRun = std::shared_ptr<Run>;

  bool is_over(const SharedRun& run) const;
  std::string target(const Run& run, const std::string& name) const;
  void look_for_persistent(const SharedRun& run);
  void locate(const SharedRun& run);
  void check_alias(const SharedRun& run, const std::string& name, const std::string& target);
  void open_providers(const SharedRun& run);
  void set(const SharedRun& run);
  void await(const SharedRun& run);
  void finish(const SharedRun& run, std::optional<protocol::Failure> failure);
  void fail(const SharedRun& run, const std::string& words);
  bool fail_for_errors(const SharedRun& run);

  Services services_;
  const DnsTools tools_;
  const Config& config_;
  DnsRecords records_;
  std::map<Lineage, SharedRun> runs_;
};

}  // namespace acme::agent
