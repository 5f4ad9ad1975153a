// The TXT records that stand for orders: which they are, whose, and how they come and go. A
// record that two orders want is set once, and removed when neither wants it any more. The
// keeper journals each one before it is set, so that no crash leaves it in the zone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns/propagation.h"
#include "agent/dns/provider.h"
#include "agent/services.h"
#include "config/config.h"

namespace acme::agent {

// What there is of DNS, and its models in tests.
struct DnsTools {
  using Settings = std::vector<std::pair<std::string, Secret>>;
  using Told = std::function<void(const dns::Propagation&)>;
  using Seen = std::function<void(dns::Propagation)>;

  std::function<void(const IssuerConfig&, const std::string& name, dns::ZoneDone)> locate;
  // The TXT records there, as one of the zone's own servers shows them.
  using Texts = std::function<void(Result<std::vector<std::string>>)>;
  std::function<void(const IssuerConfig&, const std::string& name, Texts)> texts;
  std::function<void(std::vector<dns::AwaitedRecord>, dns::PropagationSettings, Told, Seen)> await;
  std::function<Result<std::unique_ptr<dns::Provider>>(const IssuerConfig&, const std::string& name,
                                                       Settings)>
      make_provider;
};

// Of the issuer's providers the one with the longest zone that `name` is in; nothing: there is
// none.
std::optional<std::uint32_t> provider_for(const IssuerConfig& issuer, std::string_view name);

class DnsRecords {
 public:
  DnsRecords(Services services, const DnsTools& tools, const Config& config)
      : services_(services), tools_(tools), config_(config) {}

  using SharedProvider = std::shared_ptr<dns::Provider>;
  using ProviderDone = std::function<void(Result<SharedProvider>)>;
  // With its settings as they are now.
  void open_provider(const std::string& issuer, std::uint32_t number, ProviderDone done);

  struct Wanted {
    DnsRecord record;
    SharedProvider provider;
  };
  using Done = std::function<void(Outcome)>;
  // All of them, for one order. `done` is called later, once, when each one is set or has failed;
  // not after release().
  void set(const Lineage& owner, std::vector<Wanted> wanted, Done done);
  // Nobody needs them for this order any more.
  void release(const Lineage& owner);

  // Of the journal: the order that they were for may take them up, or releases them.
  void take_over(const std::vector<DnsRecord>& left);
  std::set<Lineage> owners() const;
  std::size_t size() const { return held_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;  // name and value
  enum class State { planned, setting, set, unsure, removing };
  struct Held {
    DnsRecord record;
    SharedProvider provider;  // that set it; empty: opened when it is needed
    State state = State::unsure;
    std::set<Lineage> owners = {};
    bool was_set = false;
    std::uint32_t failures = 0;  // to remove it
    Timers::Id retry = 0;
    std::string error = {};  // of setting it
  };
  struct Request {
    Lineage owner;
    std::vector<Wanted> wanted;
    Done done;
    std::vector<Key> keys = {};
    bool released = false;
  };
  using SharedRequest = std::shared_ptr<Request>;
  struct Lane {  // of one provider: so many things at a time
    std::size_t under_way = 0;
    std::vector<std::function<void()>> waiting = {};
  };

  Outcome check_room(const Request& request) const;
  bool must_wait(const Request& request) const;
  void begin(const SharedRequest& request);
  void set_all(const SharedRequest& request);
  void set_one(const Key& key);
  void on_set(const Key& key, Result<std::string> id);
  void settle_requests();
  void remove(const Key& key);
  void remove_by(const Key& key, const SharedProvider& provider);
  void on_removed(const Key& key, const Outcome& outcome);
  void give_up(const Key& key, const std::string& why);
  void forget(const Key& key);
  void try_waiting();

  using Operation = std::function<void(dns::Provider&, dns::Provider::Done)>;
  void operate(const std::string& lane, SharedProvider provider, Operation operation,
               dns::Provider::Done done);
  void enter(const std::string& lane, std::function<void()> action);
  void leave(const std::string& lane);
  std::string lane_of(const DnsRecord& record) const {
    return record.issuer + "/" + record.provider;
  }

  Services services_;
  const DnsTools& tools_;
  const Config& config_;
  std::map<Key, Held> held_;
  std::vector<SharedRequest> requests_;  // begun, and not answered yet
  std::vector<SharedRequest> waiting_;   // for others' records to go
  std::map<std::string, Lane> lanes_;
};

}  // namespace acme::agent
