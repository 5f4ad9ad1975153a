#include "serve/serving.h"

#include "base/ip_address.h"
#include "serve/filling.h"
#include "serve/helper.h"

namespace acme::serve {

Serving::Serving(const Env& env, const Resolution& resolution, int log_fd, CallbackLog log)
    : env_(env),
      config_(resolution.config),
      sites_(index_sites(resolution)),
      by_address_(index_addresses(config_)),
      ready_(sites_.size()),
      log_fd_(log_fd),
      log_(log),
      shelf_(board_shape_for(config_.slots(), room_for_more(config_)).slots,
             config_.certificate_cache) {}

Result<std::unique_ptr<Serving>> Serving::open(const Env& env, const Resolution& resolution,
                                               int log_fd, CallbackLog log, bool anyhow) {
  std::unique_ptr<Serving> serving(new Serving(env, resolution, log_fd, log));
  if (serving->config_.certificates.empty() && serving->config_.source.files.empty())
    return serving;
  ACME_CHECK(serving->settle(check_helper_program(serving->config_), anyhow));
  auto board = serving->make_board();
  ACME_CHECK(serving->settle(board ? Outcome() : Outcome(board.error()), anyhow));
  ACME_CHECK(serving->settle(serving->fill(board ? board->get() : -1), anyhow));
  return serving;
}

Outcome Serving::settle(Outcome outcome, bool anyhow) {
  if (outcome || !anyhow) return outcome;
  log_.error(outcome.error().message);
  return {};
}

// The descriptor that is returned can write.
Result<UniqueFd> Serving::make_board() {
  ACME_TRY(UniqueFd fd,
           create_board(env_, board_shape_for(config_.slots(), room_for_more(config_))));
  ACME_TRY(UniqueFd readable, reopen_board(fd.get(), BoardAccess::read_only));
  ACME_TRY(BoardReader reader, BoardReader::map(env_, readable.get()));
  shelf_.use_board(std::move(reader));
  board_fd_ = std::move(readable);
  return fd;
}

Result<UniqueFd> Serving::writable_board() const {
  if (!board_fd_) return fail(Errc::refused, "there is no board that the helper could write to");
  return reopen_board(board_fd_.get(), BoardAccess::read_write);
}

Outcome Serving::fill(int board_fd) {
  auto store = Store::open(env_, config_.state_path, Store::Mode::read_only, log_);
  if (!store && store.error().code == Errc::not_found) return {};  // the first start of all
  if (!store) return std::move(store).error();
  awaits_import_ = store->has_import();
  if (board_fd < 0) {
    fill_certificates(*store, config_, env_.now(), log_,
                      [this](std::uint32_t slot, const Bundle& bundle) -> Outcome {
                        ACME_TRY(Secret encoded, encode_bundle(bundle));
                        shelf_.keep(slot, std::move(encoded));
                        return {};
                      });
    return {};
  }
  ACME_TRY(BoardWriter board, BoardWriter::attach(env_, board_fd));
  fill_certificates(
      *store, config_, env_.now(), log_,
      [&](std::uint32_t slot, const Bundle& bundle) { return board.publish(slot, bundle); });
  fill_challenges(*store, board, env_.now(), log_);
  return {};
}

std::vector<Serving::Site> Serving::index_sites(const Resolution& resolution) {
  std::vector<Site> sites;
  for (const SitePlan& plan : resolution.sites) {
    Site& site = sites.emplace_back(Site{plan, {}});
    if (plan.certificates.size() < 2) continue;
    for (std::uint32_t index : plan.certificates)
      for (const std::string& name : resolution.config.certificates[index].names)
        site.by_name.emplace(name, index);  // the first one that the operator wrote
  }
  return sites;
}

std::unordered_map<std::string, std::uint32_t> Serving::index_addresses(const Config& config) {
  std::unordered_map<std::string, std::uint32_t> by_address;
  for (std::uint32_t index = 0; index < config.certificates.size(); ++index)
    for (const std::string& name : config.certificates[index].names)
      if (is_ip(name)) by_address.emplace(name, index);
  return by_address;
}

bool Serving::is_published(std::uint32_t index) const {
  const CertificateConfig& certificate = config_.certificates[index];
  for (std::uint32_t i = 0; i < certificate.keys.size(); ++i)
    if (shelf_.generation(certificate.first_slot + i) != 0) return true;
  return false;
}

const char* Serving::state(std::uint32_t site) const {
  if (site >= sites_.size()) return "";
  const SitePlan& plan = sites_[site].plan;
  if (plan.kind == SitePlan::Kind::off) return "";
  // Asked with each request, and a site may have thousands.
  std::uint32_t ready = ready_[site].load(std::memory_order_relaxed);
  while (ready < plan.certificates.size() && is_published(plan.certificates[ready])) ++ready;
  ready_[site].store(ready, std::memory_order_relaxed);
  // Of one that began without any: who has come has come by its domain file.
  if (ready == plan.certificates.size() && (ready != 0 || shelf_.has_names())) return "ready";
  return plan.kind == SitePlan::Kind::bridge ? "bridge" : "placeholder";
}

}  // namespace acme::serve
