// What acmectl asks over the control socket, and what it is answered.
#include "base/text.h"
#include "keeper/dns_persist.h"
#include "keeper/history.h"
#include "keeper/import.h"
#include "keeper/keeper.h"
#include "keeper/status.h"

namespace acme::keeper {

std::optional<ipc::ControlAnswer> Keeper::control(ipc::ControlType type,
                                                  const ipc::ControlRequest& request,
                                                  Control::Ticket ticket) {
  switch (type) {
    case ipc::ControlType::status:
      return ipc::ControlAnswer{
          true, status_json(env_, config_, certificates_, accounts_, true).compact()};
    case ipc::ControlType::issuers:
      return ipc::ControlAnswer{true, issuers_json(config_, accounts_).compact()};
    case ipc::ControlType::renew:
      return renew(request);
    case ipc::ControlType::take_over:
      return take_over(request);
    case ipc::ControlType::log:
      return log_of(certificates_, store_, request.names);
    case ipc::ControlType::dns_persist:
      return dns_persist(request);
    default:
      status_stale_ = true;
      return operator_requests_.handle(type, request, ticket);
  }
}

ipc::ControlAnswer Keeper::take_over(const ipc::ControlRequest& request) {
  auto found = decode<ipc::Import>(request.foreign);
  if (!found) return {false, found.error().message};
  Json rows = keeper::take_over(env_, config_, accounts_, certificates_, *found);
  if (!found->dry_run) {
    agent_.stop();  // the next one is told what there is now
    status_stale_ = true;
  }
  return {true, rows.compact()};
}

ipc::ControlAnswer Keeper::dns_persist(const ipc::ControlRequest& request) {
  if (request.names.size() != 1) return {false, "name one certificate"};
  auto records = persistent_records(config_, accounts_, certificates_, request.names.front());
  return {static_cast<bool>(records), records ? *records : records.error().message};
}

ipc::ControlAnswer Keeper::renew(const ipc::ControlRequest& request) {
  std::string text;
  for (const std::string& name : request.names) {
    std::vector<Lineage> lineages = certificates_.lineages_of(name);
    if (lineages.empty())
      return {false, "no certificate is called " + printable(name) + " or has that name"};
    for (const Lineage& lineage : lineages) {
      Managed& managed = *certificates_.find(lineage);
      if (WallTime due = request.force ? 0 : certificates_.not_due_before(managed); due != 0) {
        text += not_due_line(lineage, due, env_.now());
        continue;
      }
      if (auto done = certificates_.request_renewal(managed); !done)
        return {false, done.error().message};
      send(ipc::Type::renew_now, 0, encode(ipc::RenewNow{lineage, false}));
      WallTime wait = managed.schedule.retry_after;
      text += to_string(lineage) + ": ";
      text += wait > env_.now() ? "the CA asked to wait until " + format_rfc3339(wait) + "; then"
                                : std::string("ordered now");
      text += "\n";
    }
  }
  status_stale_ = true;
  return {true, text};
}

}  // namespace acme::keeper
