// notices.json: what operators are to be told of, and were; deployed.json: which programs have
// done their work for which certificate.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::int64_t kMostCount = 1'000'000'000;

Result<Json> object_in(std::string_view text) {
  auto in = Json::parse(text);
  if (!in) return fail(Errc::damaged, in.error().message);
  if (!in->is_object()) return fail(Errc::damaged, "not a JSON object");
  return in;
}

std::uint32_t count_in(const Json& number) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(number.number_or(0), 0, kMostCount));
}

}  // namespace

std::string encode_notices(const NoticesRecord& notices) {
  Json pending = Json::array();
  for (const NoticeRecord& notice : notices.pending)
    pending.append(Json::object()
                       .set("number", std::int64_t{notice.number})
                       .set("target", notice.target)
                       .set("event", event_name(notice.event))
                       .set("subject", notice.subject)
                       .set("notice", notice.json));
  Json told = Json::array();
  for (const ToldRecord& each : notices.told)
    told.append(Json::object()
                    .set("subject", each.subject)
                    .set("words", each.words)
                    .set("last", format_rfc3339(each.last))
                    .set("more", std::int64_t{each.more}));
  return Json::object().set("pending", pending).set("told", told).compact() + "\n";
}

// An event that this build does not know was told by a newer one: nobody here waits for it.
Result<NoticesRecord> decode_notices(std::string_view text) {
  ACME_TRY(const Json in, object_in(text));
  NoticesRecord notices;
  for (const Json& item : in["pending"].items()) {
    const auto event = parse_event(item["event"].text_or(""));
    NoticeRecord notice{count_in(item["number"]), item["target"].text_or(""),
                        event.value_or(Event::failed), item["subject"].text_or(""),
                        item["notice"].text_or("")};
    if (event && notice.number != 0 && !notice.json.empty())
      notices.pending.push_back(std::move(notice));
  }
  for (const Json& item : in["told"].items())
    notices.told.push_back({item["subject"].text_or(""), item["words"].text_or(""),
                            parse_rfc3339(item["last"].text_or("")).value_or(0),
                            count_in(item["more"])});
  return notices;
}

Result<NoticesRecord> Store::load_notices(WallTime now) const {
  ACME_TRY(NoticesRecord notices,
           state_->load_record(state_->root, std::string(kNotices), decode_notices));
  for (ToldRecord& told : notices.told) told.last = std::clamp<WallTime>(told.last, 0, now);
  return notices;
}

Outcome Store::save_notices(const NoticesRecord& notices) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kNotices, encode_notices(notices));
}

std::string encode_deploys(const DeploysRecord& deploys) {
  Json deployed = Json::array();
  for (const DeployedRecord& each : deploys.deployed)
    deployed.append(Json::object()
                        .set("program", each.program)
                        .set("certificate", each.lineage.certificate)
                        .set("key", std::string(key_type_slug(each.lineage.key)))
                        .set("version", each.version));
  Json tries = Json::array();
  for (const DeployTriesRecord& each : deploys.tries)
    tries.append(Json::object()
                     .set("program", each.program)
                     .set("tries", std::int64_t{each.tries})
                     .set("last", format_rfc3339(each.last)));
  return Json::object().set("deployed", deployed).set("tries", tries).compact() + "\n";
}

Result<DeploysRecord> decode_deploys(std::string_view text) {
  ACME_TRY(const Json in, object_in(text));
  DeploysRecord deploys;
  for (const Json& item : in["deployed"].items())
    if (auto key = key_type_from_slug(item["key"].text_or("")))
      deploys.deployed.push_back({item["program"].text_or(""),
                                  {item["certificate"].text_or(""), *key},
                                  item["version"].text_or("")});
  for (const Json& item : in["tries"].items())
    deploys.tries.push_back({item["program"].text_or(""), count_in(item["tries"]),
                             parse_rfc3339(item["last"].text_or("")).value_or(0)});
  return deploys;
}

Result<DeploysRecord> Store::load_deploys(WallTime now) const {
  ACME_TRY(DeploysRecord deploys,
           state_->load_record(state_->root, std::string(kDeployed), decode_deploys));
  for (DeployTriesRecord& each : deploys.tries) each.last = std::clamp<WallTime>(each.last, 0, now);
  return deploys;
}

Outcome Store::save_deploys(const DeploysRecord& deploys) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kDeployed, encode_deploys(deploys));
}

}  // namespace acme
