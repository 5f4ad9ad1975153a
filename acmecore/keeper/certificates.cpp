#include "keeper/certificates.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "crypto/cert.h"
#include "crypto/csr.h"
#include "crypto/digest.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLongestError = 512;

std::string order_payload(const Managed& managed, const IssuerConfig& issuer) {
  Json identifiers = Json::array();
  for (const std::string& name : managed.config->names)
    identifiers.append(Json::object().set("type", "dns").set("value", name));
  Json payload = Json::object();
  payload.set("identifiers", std::move(identifiers));
  if (!issuer.profile.empty()) payload.set("profile", issuer.profile);
  return payload.compact();
}

// An authorization of a wildcard names the base.
bool is_name_of(const CertificateConfig& config, std::string_view identifier) {
  return std::any_of(config.names.begin(), config.names.end(), [&](const std::string& name) {
    return name == identifier ||
           (name.starts_with("*.") && std::string_view(name).substr(2) == identifier);
  });
}

}  // namespace

Certificates::Certificates(const Env& env, Log& log, const Config& config, Store& store,
                           Accounts& accounts, BoardWriter* board)
    : env_(env), log_(log), config_(config), store_(store), accounts_(accounts), board_(board) {
  for (const CertificateConfig& certificate : config.certificates) {
    for (std::size_t i = 0; i < certificate.keys.size(); ++i) {
      Managed managed;
      managed.lineage = {certificate.id, certificate.keys[i]};
      managed.config = &certificate;
      managed.slot = certificate.first_slot + static_cast<std::uint32_t>(i);
      managed_.emplace(managed.lineage, std::move(managed));
    }
  }
}

void Certificates::restore_challenges() {
  for (OrderRecord& order : store_.load_orders()) {
    Managed* managed = find(order.lineage);
    if (!managed || !order_still_fits(*managed, order)) {
      if (auto done = store_.forget_order(order.lineage); !done)
        log_.error(to_string(order.lineage) + ": " + done.error().message);
      continue;
    }
    for (const KeyAuthorizationRecord& record : order.key_authorizations)
      if (board_)
        if (auto put = board_->put_token(record.token, record.key_authorization); !put)
          log_.error(to_string(order.lineage) + ": " + put.error().message);
    managed->presented = !order.key_authorizations.empty();
    managed->order = std::move(order);
  }
}

void Certificates::restore_certificates() {
  for (auto& [lineage, managed] : managed_) {
    if (auto schedule = store_.load_schedule(lineage, env_.now()); schedule)
      managed.schedule = std::move(*schedule);
    auto version = store_.load_current(lineage);
    if (!version) {
      if (version.error().code != Errc::not_found)
        log_.error(to_string(lineage) + ": " + version.error().message);
      continue;
    }
    managed.stored = version->meta;
    if (!board_) continue;
    auto chain = chain_from_pem(version->chain_pem);
    auto key = PrivateKey::from_pem(version->key_pem.view());
    if (!chain || !key) continue;
    auto der = key->der();
    if (!der) continue;
    // The server's master has filled the board already: this tells only what
    // changed since. Publishing what is there already changes nothing.
    if (auto done = board_->publish(managed.slot, Bundle{std::move(*der), std::move(*chain)});
        !done)
      log_.error(to_string(lineage) + ": " + done.error().message);
  }
}

Managed* Certificates::find(const Lineage& lineage) {
  auto it = managed_.find(lineage);
  return it == managed_.end() ? nullptr : &it->second;
}

std::vector<Lineage> Certificates::lineages_of(std::string_view name) const {
  std::vector<Lineage> by_id;
  std::vector<Lineage> by_name;
  for (const auto& [lineage, managed] : managed_) {
    if (lineage.certificate == name) by_id.push_back(lineage);
    const auto& names = managed.config->names;
    if (std::find(names.begin(), names.end(), lower(name)) != names.end())
      by_name.push_back(lineage);
  }
  return by_id.empty() ? by_name : by_id;
}

std::string Certificates::configuration_digest(const Managed& managed) const {
  std::string text = join(managed.config->names, " ");
  text += '\n';
  text += key_type_slug(managed.lineage.key);
  for (const std::string& id : managed.config->issuers)
    if (const IssuerConfig* issuer = config_.issuer(id))
      text += "\n" + issuer->directory_url + " " + issuer->profile;
  return hex(sha256(text)).substr(0, 32);
}

bool Certificates::is_current(const Managed& managed) const {
  if (!managed.stored || managed.stored->names != managed.config->names) return false;
  return std::any_of(managed.config->issuers.begin(), managed.config->issuers.end(),
                     [&](const std::string& id) {
                       const IssuerConfig* issuer = config_.issuer(id);
                       return issuer && issuer->directory_url == managed.stored->directory_url;
                     });
}

bool Certificates::order_still_fits(const Managed& managed, const OrderRecord& order) const {
  const IssuerConfig* issuer = config_.issuer(order.issuer);
  const auto& issuers = managed.config->issuers;
  return !order.order_url.empty() && issuer && issuer->directory_url == order.directory_url &&
         order.names == managed.config->names &&
         std::find(issuers.begin(), issuers.end(), order.issuer) != issuers.end();
}

ipc::LineageState Certificates::state_of(const Managed& managed) const {
  ipc::LineageState state;
  state.lineage = managed.lineage;
  state.stored = managed.stored.has_value();
  state.current = is_current(managed);
  if (managed.stored) {
    state.issuer = managed.stored->issuer;
    state.not_before = managed.stored->not_before;
    state.not_after = managed.stored->not_after;
    state.ari_id = managed.stored->ari_id;
  }
  state.configuration = configuration_digest(managed);
  state.schedule = managed.schedule;
  if (managed.order) {
    state.order_issuer = managed.order->issuer;
    state.order_url = managed.order->order_url;
  }
  return state;
}

// ---- an order's steps ---------------------------------------------------------

Result<std::string> Certificates::sign_new_order(Managed& managed,
                                                 const ipc::SignNewOrder& request) {
  const auto& issuers = managed.config->issuers;
  const IssuerConfig* issuer = config_.issuer(request.issuer);
  if (!issuer || std::find(issuers.begin(), issuers.end(), request.issuer) == issuers.end())
    return fail(Errc::refused, "issuer " + printable(request.issuer) + " is not configured for " +
                                   managed.lineage.certificate);
  if (managed.order && !managed.order->order_url.empty())
    return fail(Errc::refused, "an order is under way already");
  // Asked before anything is begun: a full disk must not cost an order.
  ACME_CHECK(store_.probe());
  ACME_TRY(std::string body, accounts_.sign(request.issuer, request.url, request.nonce,
                                            order_payload(managed, *issuer)));
  OrderRecord order;
  order.lineage = managed.lineage;
  order.issuer = request.issuer;
  order.directory_url = issuer->directory_url;
  order.names = managed.config->names;
  order.created = env_.now();
  managed.order = std::move(order);
  managed.presented = false;
  return body;
}

Outcome Certificates::order_of(const Managed& managed, std::string_view issuer) const {
  if (!managed.order || managed.order->order_url.empty() || managed.order->issuer != issuer)
    return fail(Errc::refused, "no order of " + managed.lineage.certificate + " is under way at " +
                                   printable(issuer));
  return {};
}

Outcome Certificates::order_created(Managed& managed, const ipc::OrderCreated& request) {
  if (!managed.order || managed.order->issuer != request.issuer)
    return fail(Errc::refused, "no order was asked for");
  if (!managed.order->order_url.empty() && managed.order->order_url != request.order_url)
    return fail(Errc::refused, "another order is under way already");
  if (!https_origin(request.order_url) || !https_origin(request.finalize_url))
    return fail(Errc::protocol, "the order's URLs are not https");
  if (managed.order->order_url == request.order_url &&
      managed.order->finalize_url == request.finalize_url)
    return {};
  OrderRecord order = *managed.order;
  order.order_url = request.order_url;
  order.finalize_url = request.finalize_url;
  ACME_CHECK(store_.save_order(order));
  managed.order = std::move(order);
  return {};
}

Outcome Certificates::present(Managed& managed, const ipc::PresentChallenges& request) {
  ACME_CHECK(order_of(managed, request.issuer));
  OrderRecord order = *managed.order;
  order.key_authorizations.clear();
  for (const ipc::PresentedChallenge& challenge : request.challenges) {
    if (!is_name_of(*managed.config, challenge.identifier))
      return fail(Errc::refused, printable(challenge.identifier) + " is no name of " +
                                     managed.lineage.certificate);
    ACME_TRY(std::string answer, accounts_.key_authorization(request.issuer, challenge.token));
    order.key_authorizations.push_back({challenge.identifier, challenge.token, answer});
  }
  // Journalled first: a server that reloads now fills its new board from here.
  ACME_CHECK(store_.save_order(order));
  managed.order = std::move(order);
  for (const KeyAuthorizationRecord& record : managed.order->key_authorizations)
    if (board_) ACME_CHECK(board_->put_token(record.token, record.key_authorization));
  managed.presented = true;
  if (!managed.order->has_key) keys_.begin(managed.lineage);
  return {};
}

Result<std::string> Certificates::sign_challenge(Managed& managed,
                                                 const ipc::SignChallenge& request) {
  ACME_CHECK(order_of(managed, request.issuer));
  if (!managed.presented)
    return fail(Errc::refused, "no challenge of this order can be answered yet");
  return accounts_.sign(request.issuer, request.url, request.nonce, "{}");
}

std::optional<Result<std::string>> Certificates::sign_finalize(Managed& managed,
                                                               const ipc::SignFinalize& request) {
  using Body = Result<std::string>;
  if (auto allowed = order_of(managed, request.issuer); !allowed) return Body(allowed.error());
  if (managed.order->finalize_url != request.url)
    return Body(fail(Errc::refused, "the order is finalized at another URL"));

  Secret pem;
  if (managed.order->has_key) {
    auto stored = store_.load_order_key(managed.lineage);
    if (!stored) return Body(std::move(stored).error());
    pem = std::move(*stored);
  } else {
    auto made = keys_.take(managed.lineage);
    if (!made) return std::nullopt;
    if (!*made) return Body(std::move(*made).error());
    pem = std::move(**made);
    // On disk before the CA can issue for it.
    if (auto saved = store_.save_order_key(managed.lineage, pem); !saved)
      return Body(saved.error());
    managed.order->has_key = true;
  }
  auto payload = order_key_csr(managed, pem);
  if (!payload) return Body(std::move(payload).error());
  return accounts_.sign(request.issuer, request.url, request.nonce, *payload);
}

Result<std::string> Certificates::order_key_csr(Managed& managed, const Secret& pem) {
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(pem.view()));
  ACME_TRY(std::string csr, make_csr(key, managed.config->names));
  return Json::object().set("csr", base64url_encode(csr)).compact();
}

Result<std::string> Certificates::sign_deactivation(
    Managed& managed, const ipc::SignDeactivateAuthorization& request) {
  if (request.url == accounts_.account_url(request.issuer))
    return fail(Errc::refused, "that would deactivate the account");
  ACME_CHECK(order_of(managed, request.issuer));
  return accounts_.sign(request.issuer, request.url, request.nonce, R"({"status":"deactivated"})");
}

Outcome Certificates::install(Managed& managed, const ipc::InstallChain& request) {
  ACME_CHECK(order_of(managed, request.issuer));
  if (!managed.order->has_key) return fail(Errc::refused, "the order was not finalized");
  if (request.chains.empty()) return fail(Errc::protocol, "the CA sent no certificate");
  Version version;
  ACME_TRY(version.key_pem, store_.load_order_key(managed.lineage));
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(version.key_pem.view()));
  ACME_TRY(std::vector<std::string> chain, chain_from_pem(request.chains.front()));
  ChainExpectation expected{&key, managed.order->names, env_.now()};
  ACME_TRY(CertificateInfo info, check_chain(chain, expected));

  version.chain_pem = chain_to_pem(chain);
  VersionMeta& meta = version.meta;
  meta.issuer = managed.order->issuer;
  meta.directory_url = managed.order->directory_url;
  meta.order_url = managed.order->order_url;
  meta.names = managed.order->names;
  meta.not_before = info.not_before;
  meta.not_after = info.not_after;
  meta.serial = info.serial;
  meta.ari_id = info.ari_id;
  meta.issuer_name = info.issuer;
  meta.stored = env_.now();
  VersionMeta kept = meta;
  ACME_CHECK(store_.save_version(managed.lineage, std::move(version)));
  managed.stored = std::move(kept);
  if (board_) {
    ACME_TRY(Secret der, key.der());
    ACME_CHECK(board_->publish(managed.slot, Bundle{std::move(der), std::move(chain)}));
  }
  give_up(managed);  // the order has done its work
  return {};
}

void Certificates::withdraw_challenges(Managed& managed) {
  if (managed.order && board_)
    for (const KeyAuthorizationRecord& record : managed.order->key_authorizations)
      board_->remove_token(record.token);
  managed.presented = false;
}

void Certificates::give_up(Managed& managed) {
  withdraw_challenges(managed);
  keys_.forget(managed.lineage);
  managed.order.reset();
  if (auto done = store_.forget_order(managed.lineage); !done)
    log_.error(to_string(managed.lineage) + ": " + done.error().message);
}

// ---- schedule -------------------------------------------------------------------

Outcome Certificates::save_schedule(Managed& managed, ScheduleRecord schedule) {
  // Bounds that no agent can leave: the keeper alone answers for renewals.
  WallTime latest = env_.now() + kDay;
  schedule.next_try = std::min(schedule.next_try, latest);
  schedule.retry_after = std::min(schedule.retry_after, latest);
  if (schedule.last_error.size() > kLongestError) schedule.last_error.resize(kLongestError);
  if (managed.stored) schedule.renew_at = std::min(schedule.renew_at, managed.stored->not_after);
  managed.schedule = schedule;
  return store_.save_schedule(managed.lineage, schedule);
}

Outcome Certificates::request_renewal(Managed& managed) {
  managed.schedule.renewal_requested = true;
  return store_.save_schedule(managed.lineage, managed.schedule);
}

void Certificates::warn_of_neglect() {
  WallTime now = env_.now();
  for (auto& [lineage, managed] : managed_) {
    const ScheduleRecord& schedule = managed.schedule;
    if (!managed.stored || schedule.renew_at == 0 || now < schedule.renew_at + kHour) continue;
    if (schedule.last_try >= schedule.renew_at || now < managed.warned + kDay) continue;
    managed.warned = now;
    log_.error(lineage.certificate + ": renewal was due " +
               format_relative(schedule.renew_at - now) +
               " and nobody tried; the certificate ends " +
               format_relative(managed.stored->not_after - now));
  }
}

}  // namespace acme::keeper
