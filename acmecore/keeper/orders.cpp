// The steps of an order: what must be true first, and what is on disk before
// anything leaves.
#include <algorithm>
#include <utility>

#include "base/ip_address.h"
#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "config/profile.h"
#include "crypto/cert.h"
#include "crypto/csr.h"
#include "crypto/digest.h"
#include "keeper/certificates.h"
#include "keeper/chain_choice.h"

namespace acme::keeper {
namespace {

// RFC 5280 allows 20 bytes; what a CA says here goes into every status.
constexpr std::size_t kLongestSerial = 64;  // hex digits
constexpr std::size_t kLongestAriId = 256;

std::string order_payload(const std::vector<std::string>& names, const std::string& profile,
                          const std::string& replaces) {
  Json identifiers = Json::array();
  for (const std::string& name : names)
    identifiers.append(Json::object().set("type", is_ip(name) ? "ip" : "dns").set("value", name));
  Json payload = Json::object();
  payload.set("identifiers", std::move(identifiers));
  if (!profile.empty()) payload.set("profile", profile);
  if (!replaces.empty()) payload.set("replaces", replaces);
  return payload.compact();
}

// What workers of this version can answer is configured by the parser's leave.
bool is_configured(const IssuerConfig& issuer, ChallengeType type) {
  return std::find(issuer.challenges.begin(), issuer.challenges.end(), type) !=
         issuer.challenges.end();
}

// By the first choice, or because the first choice failed.
bool expects_alpn(const Managed& managed, const IssuerConfig& issuer) {
  return is_configured(issuer, ChallengeType::tlsalpn01) &&
         (issuer.challenges.front() == ChallengeType::tlsalpn01 ||
          !managed.schedule.failed_challenges.empty());
}

// An authorization of a wildcard names the base.
bool is_name_of(const OrderRecord& order, std::string_view identifier) {
  return std::any_of(order.names.begin(), order.names.end(), [&](const std::string& name) {
    return name == identifier ||
           (name.starts_with("*.") && std::string_view(name).substr(2) == identifier);
  });
}

// For an operator who would ask first whether the site is down.
Error refused_chain(const Managed& managed, const Error& why) {
  if (why.code != Errc::protocol) return why;
  return fail(why.code, "what the CA issued is not taken: " + why.message +
                            (managed.stored ? "; the certificate of before stays in use" : ""));
}

}  // namespace

Result<std::string> Certificates::sign_new_order(Managed& managed,
                                                 const ipc::SignNewOrder& request) {
  const auto& issuers = managed.config->issuers;
  const IssuerConfig* issuer = config_.issuer(request.issuer);
  if (!issuer || std::find(issuers.begin(), issuers.end(), request.issuer) == issuers.end())
    return fail(Errc::refused, "issuer " + printable(request.issuer) + " is not configured for " +
                                   managed.lineage.certificate);
  ACME_CHECK(read_again(managed));
  if (managed.order && !managed.order->order_url.empty())
    return fail(Errc::refused, "an order is under way already");
  if (!board_)
    return fail(Errc::no_memory,
                "there is no memory shared with the server, so no challenge can be answered");
  const auto& names = request.names.empty() ? managed.config->names : request.names;
  if (!may_have_names(managed, names))
    return fail(Errc::refused,
                "an order for other names than those of " + managed.lineage.certificate);
  const WantedProfile profile = wanted_profile(*issuer, names);
  if (request.profile != profile.name && (profile.required || !request.profile.empty()))
    return fail(Errc::refused, "the profile \"" + printable(request.profile) +
                                   "\" is not the one that is configured");
  // Asked before anything is begun: a full disk must not cost an order.
  ACME_CHECK(store_.probe());
  if (!managed.trial && on_order) on_order(managed);
  const std::string replaces = request.replaces ? replaced_by(managed, *issuer) : std::string();
  ACME_TRY(std::string body, accounts_.sign(request.issuer, request.url, request.nonce,
                                            order_payload(names, request.profile, replaces)));
  OrderRecord order;
  order.lineage = managed.lineage;
  order.issuer = request.issuer;
  order.directory_url = issuer->directory_url;
  order.names = names;
  order.created = env_.now();
  managed.order = std::move(order);
  managed.presented = false;
  if (expects_alpn(managed, *issuer)) answers_.expect_alpn();
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
  ACME_CHECK(keep_order(managed, order));
  managed.order = std::move(order);
  return {};
}

std::optional<Outcome> Certificates::present(Managed& managed,
                                             const ipc::PresentChallenges& request) {
  if (auto allowed = order_of(managed, request.issuer); !allowed) return allowed;
  auto order = with_challenges(managed, request);
  if (!order) return Outcome(order.error());
  if (auto free = answers_.check(*order); !free) return free;
  auto prepared = answers_.prepare(*order);
  if (!prepared || !*prepared) return prepared;
  return show(managed, std::move(*order));
}

Outcome Certificates::show(Managed& managed, OrderRecord order) {
  // Journalled first: a server that reloads now fills its new board from here.
  ACME_CHECK(keep_order(managed, order));
  managed.presented = false;
  OrderRecord before = std::exchange(*managed.order, std::move(order));
  // Those that are presented again stay where they are.
  std::erase_if(before.key_authorizations, [&](const KeyAuthorizationRecord& old) {
    const auto& now = managed.order->key_authorizations;
    return std::find(now.begin(), now.end(), old) != now.end();
  });
  answers_.remove(before);
  ACME_CHECK(answers_.put(*managed.order));
  managed.presented = true;
  if (!managed.order->has_key) keys_.begin(managed.lineage);
  return {};
}

Result<OrderRecord> Certificates::with_challenges(const Managed& managed,
                                                  const ipc::PresentChallenges& request) {
  // Each name has one authorization, and each authorization one challenge.
  if (request.challenges.empty() || request.challenges.size() > managed.order->names.size())
    return fail(Errc::refused, std::to_string(request.challenges.size()) + " challenges for " +
                                   std::to_string(managed.order->names.size()) + " names");
  OrderRecord order = *managed.order;
  order.key_authorizations.clear();
  for (const ipc::PresentedChallenge& challenge : request.challenges) {
    if (!is_name_of(order, challenge.identifier))
      return fail(Errc::refused, printable(challenge.identifier) + " is no name of " +
                                     managed.lineage.certificate);
    if (!is_configured(*config_.issuer(request.issuer), challenge.type))
      return fail(Errc::refused, std::string(challenge_name(challenge.type)) +
                                     " is not configured for " + request.issuer);
    std::string answer;
    if (challenge.type == ChallengeType::dnspersist01) {
      accounts_.see_identities(request.issuer, challenge.issuer_domain_names);
    } else {
      ACME_TRY(answer, accounts_.key_authorization(request.issuer, challenge.token));
    }
    order.key_authorizations.push_back({challenge.identifier, answer.empty() ? "" : challenge.token,
                                        std::move(answer), challenge.type});
  }
  return order;
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
  // Before the request is kept waiting: it is small, and will be allowed then.
  if (auto fits = accounts_.check(request.issuer, request.url, request.nonce); !fits)
    return Body(fits.error());
  auto pem = order_key(managed);
  if (!pem) return std::nullopt;
  if (!*pem) return Body(std::move(*pem).error());
  auto payload = order_key_csr(managed, **pem);
  if (!payload) return Body(std::move(payload).error());
  return accounts_.sign(request.issuer, request.url, request.nonce, *payload);
}

// On disk, and bound to its order, before the CA can issue for it.
std::optional<Result<Secret>> Certificates::order_key(Managed& managed) {
  if (managed.order->has_key) return kept_key(managed);
  auto made = keys_.take(managed.lineage);
  if (!made) return std::nullopt;
  if (!*made) return Result<Secret>(std::move(*made).error());
  OrderRecord order = *managed.order;
  order.has_key = true;
  auto saved = keep_key(managed, (*made)->pem);
  if (saved) saved = keep_order(managed, order);
  if (!saved) return Result<Secret>(saved.error());
  managed.order = std::move(order);
  managed.order_key = std::move((*made)->key);
  return Result<Secret>(std::move((*made)->pem));
}

Result<std::string> Certificates::order_key_csr(Managed& managed, const Secret& pem) {
  if (!managed.order_key.get()) {
    ACME_TRY(managed.order_key, PrivateKey::from_pem(pem.view()));
  }
  const IssuerConfig* issuer = config_.issuer(managed.order->issuer);
  const auto& names = managed.order->names;
  const std::string& common_name = managed.config->common_name;
  const bool named = issuer && issuer->common_name_in_csr &&
                     std::find(names.begin(), names.end(), common_name) != names.end();
  ACME_TRY(std::string csr, make_csr(managed.order_key, names, named ? common_name : ""));
  return Json::object().set("csr", base64url_encode(csr)).compact();
}

Result<std::string> Certificates::sign_deactivation(
    Managed& managed, const ipc::SignDeactivateAuthorization& request) {
  ACME_CHECK(order_of(managed, request.issuer));
  if (accounts_.may_be_account(request.issuer, request.url))
    return fail(Errc::refused, "that could deactivate the account");
  return accounts_.sign(request.issuer, request.url, request.nonce, R"({"status":"deactivated"})");
}

Outcome Certificates::install(Managed& managed, const ipc::InstallChain& request) {
  ACME_CHECK(order_of(managed, request.issuer));
  if (!managed.order->has_key) return fail(Errc::refused, "the order was not finalized");
  if (request.chains.empty()) return fail(Errc::protocol, "the CA sent no certificate");
  auto checked = version_from(managed, request.chains);
  if (!checked) return refused_chain(managed, checked.error());
  Version version = std::move(*checked);
  if (managed.trial) {
    managed.trial_until = version.meta.not_after;
    give_up(managed);
    return {};
  }
  Version kept{{}, version.meta, version.key_pem.clone(), version.chain_pem};
  ACME_CHECK(store_.save_version(managed.lineage, std::move(version)));
  const bool first = !managed.stored;
  note(managed, first ? "issued" : "renewed", kept.meta.issuer);
  managed.stored = kept.meta;
  // It is issued and stored: asking the CA again would not make the board larger.
  if (auto active = activate(managed, kept); !active)
    log_.error(to_string(managed.lineage) + ": the new certificate is stored, but served only " +
               "after the server's next reload: " + active.error().message);
  note_success(managed);
  give_up(managed);  // the order has done its work
  if (on_installed) on_installed(managed, first);
  return {};
}

// Of the preferred chain, or of the default one where that is not to be had.
Result<Version> Certificates::version_from(const Managed& managed,
                                           const std::vector<std::string>& chains) {
  const IssuerConfig* issuer = config_.issuer(managed.order->issuer);
  const std::string preferred = issuer ? issuer->preferred_chain : std::string();
  if (preferred.empty()) return checked_version(managed, chains.front());
  const ChainChoice choice = choose_chain(chains, preferred);
  auto default_instead = [&](const std::string& why) {
    if (noted_.insert(issuer->id + why).second)
      log_.warning(issuer->id + ": the preferred chain \"" + preferred + "\" " + why +
                   ": the CA's default is used");
    return checked_version(managed, chains.front());
  };
  if (!choice.index)
    return default_instead("is not among those that the CA offers, which were issued by " +
                           printable(join(choice.issuers, ", ")));
  auto version = checked_version(managed, chains[*choice.index]);
  if (version || *choice.index == 0) return version;
  return default_instead("cannot be used: " + version.error().message);
}

// Everything is checked before anything is stored.
Result<Version> Certificates::checked_version(const Managed& managed, std::string_view pem) {
  const OrderRecord& order = *managed.order;
  Version version;
  ACME_TRY(version.key_pem, kept_key(managed));
  PrivateKey read;  // by a keeper that did not finalize the order itself
  if (!managed.order_key.get()) {
    ACME_TRY(read, PrivateKey::from_pem(version.key_pem.view()));
  }
  const PrivateKey& key = managed.order_key.get() ? managed.order_key : read;
  ACME_TRY(std::vector<std::string> chain, chain_blocks(pem));
  ChainExpectation expected{&key, order.names, env_.now()};
  auto checked = check_chain(chain, expected);
  if (expected.now = now_at(order.issuer); !checked && expected.now != env_.now())
    checked = check_chain(chain, expected);
  ACME_TRY(CertificateInfo info, std::move(checked));
  if (info.serial.size() > kLongestSerial)
    return fail(Errc::protocol, "the certificate's serial number is too long");
  if (info.ari_id.size() > kLongestAriId) info.ari_id.clear();

  version.chain_pem = chain_to_pem(chain);
  VersionMeta& meta = version.meta;
  meta.issuer = order.issuer;
  meta.directory_url = order.directory_url;
  meta.account_url = accounts_.account_url(order.issuer);
  meta.order_url = order.order_url;
  meta.names = order.names;
  meta.not_before = info.not_before;
  meta.not_after = info.not_after;
  meta.serial = info.serial;
  meta.ari_id = info.ari_id;
  meta.issuer_name = printable(info.issuer);
  meta.stored = env_.now();
  return version;
}

void Certificates::complete_answers() {
  for (auto& [lineage, managed] : managed_)
    if (managed.order && managed.presented)
      if (auto done = answers_.complete(*managed.order); !done)
        log_.error(to_string(lineage) + ": " + done.error().message);
}

void Certificates::withdraw_challenges(Managed& managed) {
  if (managed.order) answers_.remove(*managed.order);
  managed.presented = false;
}

void Certificates::give_up(Managed& managed) {
  withdraw_challenges(managed);
  keys_.forget(managed.lineage);
  managed.order.reset();
  managed.order_key = {};
  managed.trial_key = {};
  if (managed.trial) return;
  if (auto done = store_.forget_order(managed.lineage); !done)
    log_.error(to_string(managed.lineage) + ": " + done.error().message);
}

}  // namespace acme::keeper
