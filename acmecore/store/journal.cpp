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
  ACME_TRY(const Directory dir, state_->make_lineage(kJournal, order.lineage));
  StoredOrder stored{order, {}};
  if (order.has_key) {
    ACME_TRY(const Secret key, dir.read_secret(kKey));
    stored.key = seal_of(key.view());
  }
  return replace_file(dir, kRecord, encode_order(stored));
}

Outcome Store::save_order_key(const Lineage& lineage, const Secret& pem) {
  if (pem.empty()) return fail(Errc::invalid_argument, "an empty key");
  ACME_TRY(const Directory dir, state_->make_lineage(kJournal, lineage));
  return replace_file(dir, kKey, pem.view());
}

Result<Secret> Store::load_order_key(const Lineage& lineage) const {
  ACME_TRY(const Directory dir, state_->open_lineage(kJournal, lineage));
  return dir.read_secret(kKey);
}

Outcome Store::forget_order(const Lineage& lineage) {
  return state_->remove_lineage(kJournal, lineage);
}

}  // namespace acme
