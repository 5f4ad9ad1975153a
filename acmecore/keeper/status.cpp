#include "keeper/status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace acme::keeper {
namespace {

void set_time(Json& json, const char* key, WallTime time) {
  json.set(key, time == 0 ? Json::null() : Json::string(format_rfc3339(time)));
}

const char* state_word(const Managed& managed, WallTime now) {
  if (!managed.stored) return managed.schedule.failures != 0 ? "failing" : "pending";
  if (managed.stored->not_after <= now) return "expired";
  if (managed.stored->revoked != 0) return "revoked";
  if (managed.schedule.failures != 0) return "renewal failing";
  return "valid";
}

Json suggestion_json(const AriRecord& ari) {
  Json out = Json::object();
  set_time(out, "window_start", ari.window_start);
  set_time(out, "window_end", ari.window_end);
  set_time(out, "asked_at", ari.asked_at);
  if (!ari.explanation_url.empty()) out.set("explanation_url", ari.explanation_url);
  return out;
}

Json clocks_json(const Certificates& certificates) {
  Json out = Json::array();
  for (const auto& [issuer, ahead] : certificates.clocks_ahead())
    out.append(Json::object().set("issuer", issuer).set("ahead_seconds", ahead));
  return out;
}

const std::string& asked_issuer(const Managed& managed) {
  const std::string& issuer = managed.schedule.issuer;
  return issuer.empty() ? managed.config->issuers.front() : issuer;
}

// Those that were left for another one, and what they last said.
Json left_json(const std::vector<LeftIssuer>& issuers) {
  Json list = Json::array();
  for (const LeftIssuer& left : issuers) {
    Json item = Json::object();
    item.set("issuer", left.issuer).set("failures", std::int64_t{left.failures});
    set_time(item, "next_try", std::max(left.next_try, left.retry_after));
    item.set("last_error", left.last_error);
    set_time(item, "last_error_at", left.last_error_at);
    list.append(item);
  }
  return list;
}

Json left_out_json(const std::vector<FailedName>& names) {
  Json list = Json::array();
  for (const FailedName& failed : names) {
    if (!failed.left_out()) continue;
    Json item = Json::object();
    item.set("name", failed.name).set("last_error", failed.error);
    set_time(item, "last_try", failed.at);
    list.append(item);
  }
  return list;
}

const char* sighting_word(Sighting::State state) {
  switch (state) {
    case Sighting::State::current:
      return "current";
    case Sighting::State::other:
      return "another certificate";
    case Sighting::State::no_handshake:
      return "no handshake";
    case Sighting::State::unseen:
      break;
  }
  return "unseen";
}

Json sighting_json(const Sighting& sighting) {
  Json out = Json::object();
  out.set("state", sighting_word(sighting.state)).set("where", sighting.where);
  if (!sighting.words.empty()) out.set("seen", sighting.words);
  set_time(out, "at", sighting.at);
  return out;
}

Json lineage_json(const Certificates& certificates, const Managed& managed, WallTime now) {
  Json names = Json::array();
  for (const std::string& name : managed.config->names) names.append(name);
  Json out = Json::object();
  out.set("id", managed.lineage.certificate)
      .set("key", key_type_name(managed.lineage.key))
      .set("names", std::move(names))
      .set("state", state_word(managed, now));
  out.set("issuer", managed.stored ? managed.stored->issuer : asked_issuer(managed));
  if (managed.stored) {
    out.set("issuer_name", managed.stored->issuer_name).set("serial", managed.stored->serial);
    set_time(out, "not_before", managed.stored->not_before);
    set_time(out, "not_after", managed.stored->not_after);
    if (managed.stored->revoked != 0) {
      set_time(out, "revoked", managed.stored->revoked);
      out.set("revocation_reason", managed.stored->revocation_reason);
    }
  }
  set_time(out, "renew_at", managed.schedule.renewal_point());
  set_time(out, "next_try", certificates.next_try(managed));
  set_time(out, "last_try", managed.schedule.last_try);
  out.set("failures", std::int64_t{managed.schedule.failures});
  if (!managed.schedule.last_error.empty()) {
    out.set("last_error", managed.schedule.last_error);
    set_time(out, "last_error_at", managed.schedule.last_error_at);
  }
  if (managed.schedule.ari.pick != 0)
    out.set("renewal_info", suggestion_json(managed.schedule.ari));
  if (!managed.schedule.left.empty())
    out.set("asked_issuer", asked_issuer(managed))
        .set("left_issuers", left_json(managed.schedule.left));
  if (Json left_out = left_out_json(managed.schedule.failed_names); !left_out.items().empty())
    out.set("left_out", std::move(left_out));
  if (managed.waits_for_reload) out.set("waiting_for_reload", Json::boolean(true));
  if (managed.sighting) out.set("shown", sighting_json(*managed.sighting));
  if (!managed.stage.empty()) out.set("stage", managed.stage);
  return out;
}

enum class For { everybody, the_operator };

Json issuer_json(const IssuerConfig& issuer, Accounts& accounts, For whom) {
  const AccountRecord account = accounts.record(issuer.id);
  Json out = Json::object();
  out.set("id", issuer.id).set("directory_url", issuer.directory_url);
  out.set("account",
          account.account_url.empty() ? Json::null() : Json::string(account.account_url));
  if (!account.terms_of_service.empty()) out.set("terms_of_service", account.terms_of_service);
  if (!account.new_terms_of_service.empty())
    out.set("new_terms_of_service", account.new_terms_of_service);
  set_time(out, "not_before", account.not_before);
  if (std::string stage = accounts.stage(issuer.id); !stage.empty()) out.set("stage", stage);
  if (whom == For::everybody) return out;
  set_time(out, "created", account.created);
  Json contacts = Json::array();
  for (const std::string& contact : account.contacts.value_or(issuer.contacts))
    contacts.append(contact);
  out.set("contacts", std::move(contacts));
  out.set("key", account.key.file.empty() ? account.key.type : account.key.file);
  if (account.next_key)
    out.set("next_key",
            account.next_key->file.empty() ? account.next_key->type : account.next_key->file);
  if (issuer.external_account.configured())
    out.set("external_account", issuer.external_account.kid);
  return out;
}

Json issuer_list(const Config& config, Accounts& accounts, For whom) {
  Json list = Json::array();
  for (const IssuerConfig& issuer : config.issuers)
    // One for dry runs is of interest once there was one.
    if (!issuer.for_dry_runs || !accounts.account_url(issuer.id).empty())
      list.append(issuer_json(issuer, accounts, whom));
  return list;
}

}  // namespace

Json issuers_json(const Config& config, Accounts& accounts) {
  return Json::object().set("issuers", issuer_list(config, accounts, For::the_operator));
}

Json status_json(const Env& env, const Config& config, const Certificates& certificates,
                 Accounts& accounts, bool helper_up) {
  WallTime now = env.now();
  Json list = Json::array();
  for (const auto& [lineage, managed] : certificates.all())
    list.append(lineage_json(certificates, managed, now));
  Json out = Json::object();
  out.set("version", std::int64_t{1})
      .set("server", config.server == ServerKind::httpd ? "httpd" : "nginx")
      .set("server_version", config.server_version)
      .set("activation", activation_name(config.activation))
      .set("helper_up", Json::boolean(helper_up))
      .set("helper_pid", helper_up ? Json::integer(getpid()) : Json::null())
      .set("written", format_rfc3339(now))
      .set("issuers", issuer_list(config, accounts, For::everybody))
      .set("certificates", std::move(list));
  if (!certificates.clocks_ahead().empty()) out.set("clocks_off", clocks_json(certificates));
  return out;
}

Outcome write_status_file(const Env& env, int runtime_dir, const Json& status) {
  constexpr const char* kTemporary = ".status.json.new";
  auto failed = [](const char* call, long error) {
    return fail(Errc::io, std::string("status.json: ") + call + ": " +
                              std::strerror(static_cast<int>(-error)));
  };
  std::string text = status.pretty() + "\n";
  int fd = env.open_at(runtime_dir, kTemporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return failed("open", fd);
  UniqueFd file(fd);
  fchmod(fd, 0644);
  for (std::string_view rest = text; !rest.empty();) {
    ssize_t n = env.write(fd, rest.data(), rest.size());
    if (n == -EINTR) continue;
    if (n <= 0) {
      env.unlink_at(runtime_dir, kTemporary, 0);
      return failed("write", n);
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  int renamed = env.rename_at(runtime_dir, kTemporary, runtime_dir, "status.json");
  if (renamed < 0) return failed("rename", renamed);
  return {};
}

}  // namespace acme::keeper
