// What the keeper is told of failures, for those who want to know.
#include <algorithm>

#include "agent/driver.h"

namespace acme::agent {
namespace {

using protocol::Failure;

// Let's Encrypt pauses an account for a name that failed long enough; nothing but a visit to the
// page that it names helps. (Other limits pass by themselves, and name a page of documentation.)
bool needs_person(const Failure& failure) {
  return failure.kind == Failure::Kind::action_required ||
         (failure.kind == Failure::Kind::rate_limited &&
          failure.url.find("unpause") != std::string::npos);
}

}  // namespace

void Driver::notify(const Entry& entry, const std::string& issuer, const Failure& failure,
                    bool of_issuer) {
  if (config_.hooks.notify.empty()) return;
  ipc::Happened happened;
  if (needs_person(failure)) happened.event = Event::action_required;
  happened.lineage = entry.state.lineage;
  happened.issuer = issuer;
  happened.words = failure.words;
  happened.url = failure.url;
  if (!keeps_to_plan(entry))
    happened.next_try = std::max(entry.state.schedule.next_try, entry.state.schedule.retry_after);
  happened.of_issuer = of_issuer;
  services_.keeper.ask(happened, [](const ipc::Reply&) {});
}

}  // namespace acme::agent
