#include "agent/errands.h"

#include <algorithm>
#include <utility>

namespace acme::agent {
namespace {

bool needs_quiet(ErrandKind kind) {
  return kind == ErrandKind::rollover || kind == ErrandKind::deactivation;
}

}  // namespace

void Errands::begin(bool quiet) {
  if (run_) return;
  auto next = std::find_if(waiting_.begin(), waiting_.end(), [quiet](const ipc::Errand& errand) {
    return quiet || !needs_quiet(errand.kind);
  });
  if (next == waiting_.end()) return;
  const ErrandKind kind = next->kind;
  run_ = std::make_shared<ErrandRun>(services_, session_, std::move(*next),
                                     [this, kind](bool done) { end(kind, done); });
  waiting_.erase(next);
  run_->start();
}

bool Errands::hold_orders() const {
  return (run_ && needs_quiet(run_->kind())) ||
         std::any_of(waiting_.begin(), waiting_.end(),
                     [](const ipc::Errand& errand) { return needs_quiet(errand.kind); });
}

void Errands::end(ErrandKind kind, bool done) {
  if (done && kind == ErrandKind::deactivation) session_.forget_account();
  run_.reset();
  ended_();
}

}  // namespace acme::agent
