// journal/<certificate>/<key slug>/: the order under way, its record and its key.
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "order.json";
constexpr std::string_view kKey = "key";

bool fits(const Directory& dir, const Seal& seal) {
  auto key = dir.read_secret(kKey);
  return key && seal_of(key->view()) == seal;
}

}  // namespace

std::vector<OrderRecord> Store::load_orders() const {
  std::vector<OrderRecord> orders;
  for (const Lineage& lineage : state_->list_lineages(kJournal)) {
    if (state_->done_orders.contains(lineage)) continue;
    auto order = load_order(lineage);
    if (order) {
      orders.push_back(*std::move(order));
    } else if (order.error().code != Errc::not_found && order.error().code != Errc::damaged) {
      state_->report_once(order.error().message);
    }
  }
  return orders;
}

Result<OrderRecord> Store::load_order(const Lineage& lineage) const {
  if (state_->done_orders.contains(lineage))
    return fail(Errc::not_found, "no order of " + to_string(lineage) + " is under way");
  ACME_TRY(const Directory dir, state_->open_lineage(kJournal, lineage));
  ACME_TRY(StoredOrder stored, state_->load_record(dir, std::string(kRecord), decode_order));
  stored.order.lineage = lineage;
  if (stored.order.has_key && !fits(dir, stored.key)) {
    stored.order.has_key = false;
    // Without the lock, the writer may just be at it.
    if (state_->is_locked())
      state_->report_once(dir.path_of(kKey) + " is not the key of the order beside it");
  }
  return std::move(stored.order);
}

Outcome Store::save_order(const OrderRecord& order) {
  if (order.issuer.empty() || order.directory_url.empty())
    return fail(Errc::invalid_argument, "an order without issuer or directory URL");
  if (state_->done_orders.contains(order.lineage)) ACME_CHECK(state_->settle());
  const auto scope = state_->later();
  ACME_TRY(const Directory dir, state_->make_lineage(kJournal, order.lineage));
  StoredOrder stored{order, {}};
  if (order.has_key) {
    ACME_TRY(const Secret key, dir.read_secret(kKey));
    stored.key = seal_of(key.view());
  }
  ACME_CHECK(replace_file(dir, kRecord, encode_order(stored)));
  return order.has_key ? state_->settle() : Outcome();
}

Outcome Store::save_order_key(const Lineage& lineage, const Secret& pem) {
  if (pem.empty()) return fail(Errc::invalid_argument, "an empty key");
  const auto scope = state_->later();
  ACME_TRY(const Directory dir, state_->make_lineage(kJournal, lineage));
  return replace_file(dir, kKey, pem.view());
}

Result<Secret> Store::load_order_key(const Lineage& lineage) const {
  ACME_TRY(const Directory dir, state_->open_lineage(kJournal, lineage));
  return dir.read_secret(kKey);
}

Outcome Store::forget_order(const Lineage& lineage) {
  ACME_CHECK(state_->may_write());
  if (state_->disk->since()) {
    state_->done_orders.insert(lineage);
    return {};
  }
  return state_->remove_lineage(kJournal, lineage);
}

}  // namespace acme
