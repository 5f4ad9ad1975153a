#include "keeper/operator_requests.h"

#include "base/text.h"

namespace acme::keeper {
namespace {

using Answer = std::optional<ipc::ControlAnswer>;

ipc::ControlAnswer refusal(const std::string& why) {
  return {false, why};
}

// It goes on when it was begun.
Answer begun(const Outcome& outcome) {
  return outcome ? Answer() : refusal(outcome.error().message);
}

}  // namespace

Answer OperatorRequests::handle(ipc::ControlType type, const ipc::ControlRequest& request,
                                Control::Ticket ticket) {
  if (type == ipc::ControlType::revoke) return revoke(request, ticket);
  if (type == ipc::ControlType::check) return check(request, ticket);
  if (type == ipc::ControlType::dry_run) return dry_run(request, ticket);
  if (request.names.size() != 1) return refusal("name one issuer");
  const std::string& issuer = request.names.front();
  switch (type) {
    case ipc::ControlType::account_rollover:
      return begun(errands_.roll_over(issuer, wish(ticket)));
    case ipc::ControlType::account_deactivate:
      return begun(errands_.deactivate(issuer, wish(ticket)));
    case ipc::ControlType::account_agree: {
      auto terms = accounts_.agree_to_terms(issuer);
      if (!terms) return refusal(terms.error().message);
      return ipc::ControlAnswer{true, issuer + ": the terms of service at " + *terms +
                                          " are those that count from now on"};
    }
    default:
      return refusal("this helper does not know that request");
  }
}

std::shared_ptr<Wish> OperatorRequests::wish(Control::Ticket ticket) {
  auto made = std::make_shared<Wish>();
  made->answer = [this, ticket](bool done, const std::string& text) {
    control_.answer(ticket, {done, text});
  };
  return made;
}

Answer OperatorRequests::check(const ipc::ControlRequest& request, Control::Ticket ticket) {
  if (request.names.size() != 1) return refusal("name one name, or one certificate");
  return checks_.ask(request.names.front(), [this, ticket](const ipc::ControlAnswer& answer) {
    control_.answer(ticket, answer);
  });
}

Answer OperatorRequests::dry_run(const ipc::ControlRequest& request, Control::Ticket ticket) {
  if (request.names.size() != 1) return refusal("name one certificate");
  return trials_.ask(request.names.front(), [this, ticket](const ipc::ControlAnswer& answer) {
    control_.answer(ticket, answer);
  });
}

// Certificates that cannot be revoked hold up none that can.
Answer OperatorRequests::revoke(const ipc::ControlRequest& request, Control::Ticket ticket) {
  auto reason = parse_revocation_reason(request.reason.empty() ? "unspecified" : request.reason);
  if (!reason)
    return refusal("unknown reason " + printable(request.reason) +
                   ": write unspecified, keyCompromise, superseded or cessationOfOperation");
  if (*reason == RevocationReason::key_compromise && request.no_order)
    return refusal("a key that others may have is replaced at once: leave --no-order out");
  std::vector<Lineage> all;
  for (const std::string& name : request.names) {
    std::vector<Lineage> lineages = certificates_.lineages_of(name);
    if (lineages.empty())
      return refusal("no certificate is called " + printable(name) + " or has that name");
    all.insert(all.end(), lineages.begin(), lineages.end());
  }
  auto shared = wish(ticket);
  for (const Lineage& lineage : all) {
    auto done = errands_.revoke(lineage, *reason, !request.no_order, shared);
    if (done) continue;
    shared->done = false;
    shared->text += done.error().message + "\n";
  }
  if (shared->open == 0) return ipc::ControlAnswer{false, shared->text};
  return std::nullopt;
}

}  // namespace acme::keeper
