#include "keeper/certificates.h"

#include <algorithm>

#include "base/text.h"
#include "config/names.h"
#include "config/profile.h"
#include "crypto/digest.h"
#include "crypto/pem.h"

namespace acme::keeper {
namespace {

constexpr Millis kUnreadIsLost = kHour * 1000;

// What an operator mends when records could not be set; no secrets.
std::string dns_digest(const IssuerConfig& issuer) {
  std::string text;
  for (const DnsProviderConfig& provider : issuer.dns) {
    text += " dns " + provider.provider + " " + provider.zone;
    for (const DnsSetting& setting : provider.settings)
      text += " " + setting.key + "=" + setting.value;
  }
  return issuer.dns_alias.empty() ? text : text + " alias " + issuer.dns_alias;
}

}  // namespace

Certificates::Certificates(const Env& env, Log& log, const Config& config, Store& store,
                           Accounts& accounts, BoardWriter* board)
    : env_(env),
      log_(log),
      config_(config),
      store_(store),
      accounts_(accounts),
      board_(board),
      keys_(env),
      answers_(env, keys_, board),
      dns_(log, store) {
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

void Certificates::follow_configuration() {
  std::set<Lineage> wanted;
  for (const CertificateConfig& certificate : config_.certificates) {
    for (std::size_t i = 0; i < certificate.keys.size(); ++i) {
      const Lineage& lineage = *wanted.insert({certificate.id, certificate.keys[i]}).first;
      const std::uint32_t slot = certificate.first_slot + static_cast<std::uint32_t>(i);
      auto [it, is_new] = managed_.try_emplace(lineage);
      Managed& managed = it->second;
      const bool moved = is_new || managed.slot != slot;
      managed.lineage = lineage;
      managed.config = &certificate;
      managed.slot = slot;
      if (is_new)
        if (auto schedule = store_.load_schedule(lineage, env_.now()); schedule)
          managed.schedule = std::move(*schedule);
      // One without a URL: the agent that asked for it is still there, or nobody is.
      if (managed.order && !managed.order->order_url.empty() &&
          !order_still_fits(managed, *managed.order))
        give_up(managed);
      if (moved) restore(managed);
    }
  }
  for (auto it = managed_.begin(); it != managed_.end();) {
    if (!wanted.contains(it->first) && it->second.order) give_up(it->second);
    it = wanted.contains(it->first) ? std::next(it) : managed_.erase(it);
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
    // At once, with the keys that there are; mostly the server's master has done it.
    auto put = answers_.put(order);
    if (put) put = answers_.complete(order);
    if (!put) log_.error(to_string(order.lineage) + ": " + put.error().message);
    managed->presented = !order.key_authorizations.empty();
    managed->order = std::move(order);
  }
  std::vector<const OrderRecord*> kept;
  for (const auto& [lineage, managed] : managed_)
    if (managed.order) kept.push_back(&*managed.order);
  answers_.remove_all_but(kept);
}

void Certificates::restore_certificates() {
  for (auto& [lineage, managed] : managed_) {
    if (auto schedule = store_.load_schedule(lineage, env_.now()); schedule)
      managed.schedule = std::move(*schedule);
    restore(managed);
  }
}

void Certificates::restore(Managed& managed) {
  auto version = store_.load_current(managed.lineage);
  managed.unread.reset();
  if (!version) {
    const Error& error = version.error();
    if (error.code == Errc::io || error.code == Errc::no_memory) managed.unread = env_.boottime();
    if (error.code != Errc::not_found)
      log_.error(to_string(managed.lineage) + ": " + error.message);
    return;
  }
  managed.stored = version->meta;
  // Killed between storing the certificate and dropping its order.
  if (managed.order && managed.order->order_url == version->meta.order_url) give_up(managed);
  // The server's master has filled the board already: this tells only what
  // changed since. Publishing what is there already changes nothing.
  if (auto done = activate(managed, *version); !done)
    log_.error(to_string(managed.lineage) + ": " + done.error().message);
}

// What cannot be read just now is no reason to order it anew: that would cost a certificate of the
// CA's limits. What cannot be read for an hour is lost.
Outcome Certificates::read_again(Managed& managed) {
  if (!managed.unread) return {};
  const Millis since = *managed.unread;
  restore(managed);
  if (managed.unread && env_.boottime() - since > kUnreadIsLost) return {};
  if (managed.unread) {
    managed.unread = since;
    return fail(Errc::io, "the certificate that is stored cannot be read");
  }
  if (!managed.stored) return {};
  misinformed_ = true;
  return fail(Errc::io, "the certificate that is stored can be read again");
}

// On the board, or left to the server's next reload, which fills a new one.
Outcome Certificates::activate(Managed& managed, const Version& version) {
  if (!board_) return {};
  ACME_TRY(KeyAndChain der, der_from_pem(version.key_pem.view(), version.chain_pem));
  const Bundle bundle{std::move(der.key), std::move(der.chain)};
  if (config_.activation == ActivationMode::live) {
    ACME_CHECK(board_->publish(managed.slot, bundle));
    note_served(managed, bundle.chain.front());
    return {};
  }
  managed.waits_for_reload = !board_->holds(managed.slot, bundle);
  managed.waits_for_reload ? void(++left_to_reload_) : note_served(managed, bundle.chain.front());
  return {};
}

void Certificates::note_served(Managed& managed, const std::string& leaf_der) {
  std::string digest = hex(sha256(leaf_der));
  if (managed.served != digest) managed.served_before = std::exchange(managed.served, digest);
  managed.sighting.reset();
  if (on_served) on_served(managed);
}

std::vector<const Managed*> Certificates::waiting_for_reload() const {
  std::vector<const Managed*> waiting;
  for (const auto& [lineage, managed] : managed_)
    if (managed.waits_for_reload) waiting.push_back(&managed);
  return waiting;
}

bool Certificates::has_orders() const {
  const auto has_order = [](const auto& entry) { return entry.second.order.has_value(); };
  return std::any_of(managed_.begin(), managed_.end(), has_order) ||
         std::any_of(trials_.begin(), trials_.end(), has_order);
}

bool Certificates::awaits_new_order() const {
  return std::any_of(managed_.begin(), managed_.end(), [](const auto& entry) {
    const std::optional<OrderRecord>& order = entry.second.order;
    return order && order->order_url.empty();
  });
}

void Certificates::forget_unanswered() {
  for (auto& [lineage, managed] : managed_)
    if (managed.order && managed.order->order_url.empty()) managed.order.reset();
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
  if (!by_id.empty()) return by_id;
  // One that has none of its own may be covered by a wildcard.
  const std::string wildcard = wildcard_for(lower(name));
  return by_name.empty() && !wildcard.empty() ? lineages_of(wildcard) : by_name;
}

std::string Certificates::configuration_digest(const Managed& managed) const {
  std::string text = join(managed.config->names, " ");
  text += '\n';
  text += key_type_slug(managed.lineage.key);
  if (managed.config->partial) text += " partial";
  for (const std::string& id : managed.config->issuers)
    if (const IssuerConfig* issuer = config_.issuer(id)) {
      text +=
          "\n" + issuer->directory_url + " " + wanted_profile(*issuer, managed.config->names).name;
      const ExternalAccount& account = issuer->external_account;
      if (account.configured()) text += " " + account.kid + " " + account.key_file;
      text += dns_digest(*issuer);
    }
  return hex(sha256(text)).substr(0, 32);
}

// Whether an order or a certificate for these names does for what is configured.
bool Certificates::may_have_names(const Managed& managed, const std::vector<std::string>& names) {
  const auto& all = managed.config->names;
  if (names == all) return true;
  return managed.config->partial && !names.empty() && std::is_sorted(names.begin(), names.end()) &&
         std::adjacent_find(names.begin(), names.end()) == names.end() &&
         std::includes(all.begin(), all.end(), names.begin(), names.end());
}

// Current is a partial certificate only as long as it lacks what could not be validated.
bool Certificates::lacks_failed_names_only(const Managed& managed) {
  const auto& names = managed.stored->names;
  const auto& failed = managed.schedule.failed_names;
  return std::all_of(
      managed.config->names.begin(), managed.config->names.end(), [&](const std::string& name) {
        return std::binary_search(names.begin(), names.end(), name) ||
               std::any_of(failed.begin(), failed.end(),
                           [&](const auto& each) { return each.name == name && each.left_out(); });
      });
}

bool Certificates::is_current(const Managed& managed) const {
  if (!managed.stored || !may_have_names(managed, managed.stored->names) ||
      !lacks_failed_names_only(managed) || managed.stored->to_be_replaced)
    return false;
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
         may_have_names(managed, order.names) &&
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
    state.ari_issuer = issuing_ca(*managed.stored);
  }
  state.configuration = configuration_digest(managed);
  state.schedule = managed.schedule;
  // Without a URL there is nothing to resume: its answer went with another agent.
  if (managed.order && !managed.order->order_url.empty()) {
    state.order_issuer = managed.order->issuer;
    state.order_url = managed.order->order_url;
    state.order_names = managed.order->names;
  }
  return state;
}

}  // namespace acme::keeper
