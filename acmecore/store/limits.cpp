// issuers/<issuer>/limits.json: what one account has spent of its CA's rate limits.
#include <algorithm>

#include "base/json.h"
#include "store/codec.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kRecord = "limits.json";

void put(Json& out, std::string_view key, WallTime time) {
  if (time > 0) out.set(key, format_rfc3339(time));
}

void put(Json& out, std::string_view key, const std::vector<SpentLimit>& buckets) {
  Json list = Json::array();
  for (const SpentLimit& bucket : buckets)
    list.append(
        Json::object().set("key", bucket.key).set("full_at", format_rfc3339(bucket.full_at)));
  if (!buckets.empty()) out.set(key, list);
}

WallTime time_in(const Json& in) {
  return std::max<WallTime>(parse_rfc3339(in.text_or("")).value_or(0), 0);
}

std::vector<SpentLimit> buckets_in(const Json& in) {
  std::vector<SpentLimit> buckets;
  for (const Json& item : in.items())
    if (WallTime time = time_in(item["full_at"]); time > 0)
      buckets.push_back({item["key"].text_or(""), time});
  return buckets;
}

}  // namespace

std::string encode_limits(const SpentLimits& spent) {
  Json out = Json::object();
  put(out, "orders_full_at", spent.orders_full_at);
  put(out, "domains", spent.domains);
  put(out, "same_names", spent.sets);
  return out.compact() + "\n";
}

Result<SpentLimits> decode_limits(std::string_view text) {
  auto in = Json::parse(text);
  if (!in) return fail(Errc::damaged, in.error().message);
  if (!in->is_object()) return fail(Errc::damaged, "not a JSON object");
  SpentLimits spent;
  spent.orders_full_at = time_in((*in)["orders_full_at"]);
  spent.domains = buckets_in((*in)["domains"]);
  spent.sets = buckets_in((*in)["same_names"]);
  return spent;
}

Result<SpentLimits> Store::load_limits(std::string_view issuer) const {
  ACME_TRY(const Directory dir, state_->open_issuer(issuer));
  return state_->load_record(dir, std::string(kRecord), decode_limits);
}

Outcome Store::save_limits(std::string_view issuer, const SpentLimits& spent) {
  ACME_TRY(const Directory dir, state_->make_issuer(issuer));
  return replace_file(dir, kRecord, encode_limits(spent));
}

}  // namespace acme
