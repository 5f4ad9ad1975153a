#include "store/codec.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/json.h"
#include "base/json_member.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace acme {
namespace {

constexpr WallTime kLatest = 253402300799;  // 9999-12-31T23:59:59Z: all that RFC 3339 can say
constexpr std::size_t kLongestError = 512;

// Jansson writes a NUL byte that it then refuses to read.
std::string storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos ? std::string(text) : printable(text);
}

// ---- writing: an empty member is left out

void put(Json& out, std::string_view key, std::string_view text) {
  if (!text.empty()) out.set(key, storable(text));
}

void put_time(Json& out, std::string_view key, WallTime time) {
  if (time > 0 && time <= kLatest) out.set(key, format_rfc3339(time));
}

void put_list(Json& out, std::string_view key, const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.append(storable(text));
  out.set(key, list);
}

void put_challenges(Json& out, const std::vector<FailedChallenge>& failed) {
  Json list = Json::array();
  for (const FailedChallenge& challenge : failed) {
    Json item = Json::object();
    put(item, "name", challenge.name);
    put(item, "type", challenge_name(challenge.type));
    put_time(item, "at", challenge.at);
    list.append(item);
  }
  if (!failed.empty()) out.set("failed_challenges", list);
}

void put_ari(Json& out, const AriRecord& ari) {
  Json item = Json::object();
  put(item, "id", ari.id);
  put_time(item, "obtained", ari.obtained);
  put_time(item, "window_start", ari.window_start);
  put_time(item, "window_end", ari.window_end);
  put_time(item, "pick", ari.pick);
  put_time(item, "renew_at", ari.renew_at);
  put_time(item, "not_before", ari.not_before);
  put_time(item, "asked_at", ari.asked_at);
  put_time(item, "ask_again", ari.ask_again);
  if (ari.failures != 0) item.set("failures", static_cast<std::int64_t>(ari.failures));
  if (ari.early != 0) item.set("early", static_cast<std::int64_t>(ari.early));
  put(item, "explanation_url", ari.explanation_url);
  if (!ari.id.empty()) out.set("ari", item);
}

void put_left(Json& out, const std::vector<LeftIssuer>& issuers) {
  Json list = Json::array();
  for (const LeftIssuer& left : issuers) {
    Json item = Json::object();
    put(item, "issuer", left.issuer);
    put_time(item, "failing_since", left.failing_since);
    put_time(item, "next_try", left.next_try);
    put_time(item, "retry_after", left.retry_after);
    item.set("failures", static_cast<std::int64_t>(left.failures));
    if (left.refused) item.set("refused", Json::boolean(true));
    if (left.unreachable) item.set("unreachable", Json::boolean(true));
    put(item, "last_error", left.last_error);
    put_time(item, "last_error_at", left.last_error_at);
    list.append(item);
  }
  if (!issuers.empty()) out.set("left_issuers", list);
}

void put_names(Json& out, const std::vector<FailedName>& names) {
  Json list = Json::array();
  for (const FailedName& failed : names) {
    Json item = Json::object();
    put(item, "name", failed.name);
    item.set("failures", static_cast<std::int64_t>(failed.failures));
    put_time(item, "at", failed.at);
    put(item, "error", failed.error);
    list.append(item);
  }
  if (!names.empty()) out.set("failed_names", list);
}

void put_seal(Json& out, std::string_view key, const Seal& seal) {
  out.set(key, Json::object().set("sha256", seal.sha256).set("size", seal.size));
}

Json key_json(const AccountKeyRecord& key) {
  Json out = Json::object();
  put(out, "file", key.file);
  put(out, "type", key.type);
  put(out, "thumbprint", key.thumbprint);
  return out;
}

std::string finish(const Json& record) {
  return record.pretty() + "\n";
}

// ---- reading

Result<Json> parse_object(std::string_view text) {
  auto json = Json::parse(text);
  if (!json) return fail(Errc::damaged, json.error().message);
  if (!json->is_object()) return fail(Errc::damaged, "not a JSON object");
  return json;
}

std::string text_of(const Json& in, std::string_view key) {
  return in[key].text_or("");
}

WallTime bounded(WallTime time) {
  return std::clamp<WallTime>(time, 0, kLatest);
}

WallTime time_of(const Json& in) {
  return bounded(parse_rfc3339(in.text_or("")).value_or(0));
}

std::uint32_t count_of(const Json& in) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(in.number_or(0), 0, kMost));
}

std::vector<std::string> texts_of(const Json& in) {
  std::vector<std::string> texts;
  for (const Json& item : in.items())
    if (auto text = item.text()) texts.push_back(*std::move(text));
  return texts;
}

AccountKeyRecord key_in(const Json& in) {
  return {text_of(in, "file"), text_of(in, "type"), text_of(in, "thumbprint")};
}

std::vector<FailedChallenge> challenges_in(const Json& in) {
  std::vector<FailedChallenge> failed;
  for (const Json& item : in.items())
    if (auto type = parse_challenge_type(text_of(item, "type")))
      failed.push_back({text_of(item, "name"), *type, time_of(item["at"])});
  return failed;
}

AriRecord ari_in(const Json& in) {
  AriRecord ari;
  ari.id = text_of(in, "id");
  ari.obtained = time_of(in["obtained"]);
  ari.window_start = time_of(in["window_start"]);
  ari.window_end = time_of(in["window_end"]);
  ari.pick = time_of(in["pick"]);
  ari.renew_at = time_of(in["renew_at"]);
  ari.not_before = time_of(in["not_before"]);
  ari.asked_at = time_of(in["asked_at"]);
  ari.ask_again = time_of(in["ask_again"]);
  ari.failures = count_of(in["failures"]);
  ari.early = count_of(in["early"]);
  ari.explanation_url = text_of(in, "explanation_url");
  return ari;
}

std::vector<LeftIssuer> left_in(const Json& in) {
  std::vector<LeftIssuer> issuers;
  for (const Json& item : in.items())
    issuers.push_back(
        {text_of(item, "issuer"), time_of(item["failing_since"]), time_of(item["next_try"]),
         time_of(item["retry_after"]), count_of(item["failures"]), item["refused"].truth(),
         item["unreachable"].truth(), text_of(item, "last_error"), time_of(item["last_error_at"])});
  return issuers;
}

std::vector<FailedName> names_in(const Json& in) {
  std::vector<FailedName> names;
  for (const Json& item : in.items())
    names.push_back({text_of(item, "name"), count_of(item["failures"]), time_of(item["at"]),
                     text_of(item, "error")});
  return names;
}

Seal seal_in(const Json& in) {
  return {text_of(in, "sha256"), in["size"].number_or(0)};
}

// Without reading the rest: with ten thousand files the rest is what a start costs.
Seal find_seal(std::string_view text, std::string_view key) {
  auto object = json_member(text, key);
  if (!object) return {};
  auto digest = json_member(*object, "sha256");
  auto size = json_member(*object, "size");
  if (!digest || !size || digest->size() != 2 + 64 || digest->front() != '"') return {};
  Seal seal{std::string(digest->substr(1, 64)), 0};
  auto [end, error] = std::from_chars(size->begin(), size->end(), seal.size);
  return error == std::errc() && end == size->end() ? seal : Seal{};
}

bool is_complete(const Seal& seal) {
  return seal.sha256.size() == 64 && seal.size > 0;
}

}  // namespace

Seal seal_of(std::string_view bytes) {
  return {hex(sha256(bytes)), static_cast<std::int64_t>(bytes.size())};
}

std::string encode_account(const AccountRecord& account) {
  Json out = Json::object();
  put(out, "directory_url", account.directory_url);
  put(out, "account_url", account.account_url);
  put(out, "terms_of_service", account.terms_of_service);
  put(out, "new_terms_of_service", account.new_terms_of_service);
  if (account.contacts) put_list(out, "contacts", *account.contacts);
  if (account.key != AccountKeyRecord{}) out.set("key", key_json(account.key));
  if (account.next_key) out.set("next_key", key_json(*account.next_key));
  if (!account.caa_identities.empty()) put_list(out, "caa_identities", account.caa_identities);
  put_time(out, "created", account.created);
  put_time(out, "not_before", account.not_before);
  return finish(out);
}

Result<AccountRecord> decode_account(std::string_view text) {
  ACME_TRY(const Json in, parse_object(text));
  AccountRecord account;
  account.directory_url = text_of(in, "directory_url");
  account.account_url = text_of(in, "account_url");
  account.terms_of_service = text_of(in, "terms_of_service");
  account.new_terms_of_service = text_of(in, "new_terms_of_service");
  if (in["contacts"].is_array()) account.contacts = texts_of(in["contacts"]);
  account.key = key_in(in["key"]);
  if (in["next_key"].is_object()) account.next_key = key_in(in["next_key"]);
  account.caa_identities = texts_of(in["caa_identities"]);
  account.created = time_of(in["created"]);
  account.not_before = time_of(in["not_before"]);
  // An account without its directory could be taken for another CA's.
  if (account.directory_url.empty()) return fail(Errc::damaged, "no directory_url");
  return account;
}

std::string encode_meta(const StoredMeta& stored) {
  const VersionMeta& meta = stored.meta;
  Json out = Json::object();
  put_list(out, "names", meta.names);
  put_time(out, "not_before", meta.not_before);
  put_time(out, "not_after", meta.not_after);
  put(out, "serial", meta.serial);
  put(out, "issuer_name", meta.issuer_name);
  put(out, "ari_id", meta.ari_id);
  put(out, "issuer", meta.issuer);
  put(out, "directory_url", meta.directory_url);
  put(out, "account_url", meta.account_url);
  put(out, "order_url", meta.order_url);
  put_time(out, "stored", meta.stored);
  put_time(out, "revoked", meta.revoked);
  put(out, "revocation_reason", meta.revocation_reason);
  if (meta.to_be_replaced) out.set("to_be_replaced", Json::boolean(true));
  put_seal(out, "fullchain", stored.chain);
  put_seal(out, "privkey", stored.key);
  return finish(out);
}

Result<StoredMeta> decode_meta(std::string_view text) {
  ACME_TRY(const Json in, parse_object(text));
  StoredMeta stored;
  VersionMeta& meta = stored.meta;
  meta.names = texts_of(in["names"]);
  meta.not_before = time_of(in["not_before"]);
  meta.not_after = time_of(in["not_after"]);
  meta.serial = text_of(in, "serial");
  meta.issuer_name = text_of(in, "issuer_name");
  meta.ari_id = text_of(in, "ari_id");
  meta.issuer = text_of(in, "issuer");
  meta.directory_url = text_of(in, "directory_url");
  meta.account_url = text_of(in, "account_url");
  meta.order_url = text_of(in, "order_url");
  meta.stored = time_of(in["stored"]);
  meta.revoked = time_of(in["revoked"]);
  meta.revocation_reason = text_of(in, "revocation_reason");
  meta.to_be_replaced = in["to_be_replaced"].truth();
  stored.chain = seal_in(in["fullchain"]);
  stored.key = seal_in(in["privkey"]);
  if (!is_complete(stored.chain) || !is_complete(stored.key))
    return fail(Errc::damaged, "no SHA-256 of fullchain and privkey");
  return stored;
}

Result<StoredMeta> decode_seals(std::string_view text) {
  StoredMeta stored;
  stored.chain = find_seal(text, "fullchain");
  stored.key = find_seal(text, "privkey");
  // Not as we write it, or damaged: the whole reader tells.
  if (!is_complete(stored.chain) || !is_complete(stored.key)) {
    ACME_TRY(stored, decode_meta(text));
    stored.meta = {};
  }
  return stored;
}

std::string encode_schedule(const ScheduleRecord& schedule) {
  Json out = Json::object();
  put_time(out, "renew_at", schedule.renew_at);
  put_time(out, "next_try", schedule.next_try);
  put_time(out, "last_try", schedule.last_try);
  put_time(out, "retry_after", schedule.retry_after);
  out.set("failures", static_cast<std::int64_t>(schedule.failures));
  // The CA's words are as many as it likes.
  const bool is_long = schedule.last_error.size() > kLongestError;
  put(out, "last_error", is_long ? printable(schedule.last_error) : schedule.last_error);
  put_time(out, "last_error_at", schedule.last_error_at);
  put(out, "configuration", schedule.configuration);
  out.set("renewal_requested", Json::boolean(schedule.renewal_requested));
  Json failed = Json::array();
  for (WallTime time : schedule.failed_validations)
    if (time > 0 && time <= kLatest) failed.append(format_rfc3339(time));
  out.set("failed_validations", failed);
  put_challenges(out, schedule.failed_challenges);
  put_ari(out, schedule.ari);
  put(out, "issuer", schedule.issuer);
  put_time(out, "failing_since", schedule.failing_since);
  put_left(out, schedule.left);
  put_names(out, schedule.failed_names);
  return finish(out);
}

Result<ScheduleRecord> decode_schedule(std::string_view text) {
  ACME_TRY(const Json in, parse_object(text));
  ScheduleRecord schedule;
  schedule.renew_at = time_of(in["renew_at"]);
  schedule.next_try = time_of(in["next_try"]);
  schedule.last_try = time_of(in["last_try"]);
  schedule.retry_after = time_of(in["retry_after"]);
  schedule.failures = count_of(in["failures"]);
  schedule.last_error = text_of(in, "last_error");
  schedule.last_error_at = time_of(in["last_error_at"]);
  schedule.configuration = text_of(in, "configuration");
  schedule.renewal_requested = in["renewal_requested"].truth();
  for (const Json& item : in["failed_validations"].items())
    if (WallTime time = time_of(item); time > 0) schedule.failed_validations.push_back(time);
  schedule.failed_challenges = challenges_in(in["failed_challenges"]);
  schedule.ari = ari_in(in["ari"]);
  schedule.issuer = text_of(in, "issuer");
  schedule.failing_since = time_of(in["failing_since"]);
  schedule.left = left_in(in["left_issuers"]);
  schedule.failed_names = names_in(in["failed_names"]);
  return schedule;
}

std::string encode_order(const StoredOrder& stored) {
  const OrderRecord& order = stored.order;
  Json out = Json::object();
  put(out, "issuer", order.issuer);
  put(out, "directory_url", order.directory_url);
  put_list(out, "names", order.names);
  put(out, "order_url", order.order_url);
  put(out, "finalize_url", order.finalize_url);
  put_time(out, "created", order.created);
  Json list = Json::array();
  for (const KeyAuthorizationRecord& record : order.key_authorizations) {
    Json item = Json::object();
    put(item, "identifier", record.identifier);
    put(item, "type", challenge_name(record.type));
    put(item, "token", record.token);
    put(item, "key_authorization", record.key_authorization);
    list.append(item);
  }
  out.set("key_authorizations", list);
  if (order.has_key) put_seal(out, "key", stored.key);
  return finish(out);
}

Result<StoredOrder> decode_order(std::string_view text) {
  ACME_TRY(const Json in, parse_object(text));
  StoredOrder stored;
  OrderRecord& order = stored.order;
  order.issuer = text_of(in, "issuer");
  order.directory_url = text_of(in, "directory_url");
  order.names = texts_of(in["names"]);
  order.order_url = text_of(in, "order_url");
  order.finalize_url = text_of(in, "finalize_url");
  order.created = time_of(in["created"]);
  for (const Json& item : in["key_authorizations"].items()) {
    // Before there were others all were of that type.
    auto type = parse_challenge_type(item["type"].text_or("http-01"));
    if (!type) return fail(Errc::damaged, "a key authorization of an unknown type of challenge");
    order.key_authorizations.push_back({text_of(item, "identifier"), text_of(item, "token"),
                                        text_of(item, "key_authorization"), *type});
  }
  stored.key = seal_in(in["key"]);
  order.has_key = is_complete(stored.key);
  if (order.issuer.empty() || order.directory_url.empty())
    return fail(Errc::damaged, "no issuer or directory_url");
  return stored;
}

std::string encode_reload(const ReloadRecord& reload) {
  Json out = Json::object();
  put_time(out, "last", reload.last);
  out.set("vain", static_cast<std::int64_t>(reload.vain));
  return finish(out);
}

Result<ReloadRecord> decode_reload(std::string_view text) {
  ACME_TRY(const Json in, parse_object(text));
  return ReloadRecord{time_of(in["last"]), count_of(in["vain"])};
}

void clamp_times(ScheduleRecord& schedule, WallTime now) {
  schedule.next_try = std::min(schedule.next_try, now + kDay);
  schedule.retry_after = std::min(schedule.retry_after, now + kDay);
  schedule.last_try = std::min(schedule.last_try, now);
  schedule.last_error_at = std::min(schedule.last_error_at, now);
  AriRecord& ari = schedule.ari;
  ari.obtained = std::min(ari.obtained, now);
  ari.asked_at = std::min(ari.asked_at, now);
  ari.not_before = std::min(ari.not_before, now + kDay);
  ari.ask_again = std::min(ari.ask_again, now + kDay);
  std::erase_if(schedule.failed_validations,
                [now](WallTime time) { return time > now || time < now - kHour; });
  schedule.failing_since = std::min(schedule.failing_since, now);
  for (LeftIssuer& left : schedule.left) {
    left.next_try = std::min(left.next_try, now + kDay);
    left.retry_after = std::min(left.retry_after, now + kDay);
    left.failing_since = std::min(left.failing_since, now);
    left.last_error_at = std::min(left.last_error_at, now);
  }
  for (FailedName& failed : schedule.failed_names) failed.at = std::min(failed.at, now);
  std::erase_if(schedule.failed_challenges, [now](const FailedChallenge& challenge) {
    return challenge.at > now || challenge.at <= now - kFailedChallengeLife;
  });
}

void clamp_times(AccountRecord& account, WallTime now) {
  account.not_before = std::min(account.not_before, now + kDay);
}

void clamp_times(ReloadRecord& reload, WallTime now) {
  reload.last = std::min(reload.last, now);
}

}  // namespace acme
