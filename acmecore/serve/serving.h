// One configuration generation inside the web server: the board, filled from
// the store before any worker exists, and what workers ask of it.
//
// Made and destroyed in one thread; the "workers" part is for any thread and
// any process that was forked since.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "config/resolve.h"
#include "serve/callback_log.h"
#include "serve/shelf.h"
#include "serve/status_view.h"

struct ssl_st;

namespace acme::serve {

class Serving {
 public:
  // With `anyhow` every fault is logged and served around; without, the first
  // one is the answer and there is no Serving.
  static Result<std::unique_ptr<Serving>> open(const Env& env, const Resolution& resolution,
                                               int log_fd, CallbackLog log, bool anyhow);

  // ---- the master

  const Env& env() const { return env_; }
  const Config& config() const { return config_; }
  CallbackLog& log() { return log_; }
  int log_fd() const { return log_fd_; }
  // For the helper, the one writer. No descriptor that can write stays in the
  // server: its workers are forked from here.
  Result<UniqueFd> writable_board() const;
  void enter_worker() { board_fd_.reset(); }
  // Whether the store has what acmectl imported before any start. The keeper takes it over before
  // it says that it is ready: workers that begin earlier would show a placeholder.
  bool awaits_import() const { return awaits_import_; }
  // The operator's files, for the helper: before it is started.
  void tell_helper_of(std::vector<SuppliedFile> files) { config_.supplied = std::move(files); }
  // What the operator supplied, for the status.
  void supply(std::vector<SuppliedCertificate> certificates) {
    supplied_ = std::move(certificates);
  }

  // ---- workers

  // ACME_TLS_…
  Result<int> set_certificate(std::uint32_t site, std::string_view local_address,
                              ssl_st* ssl) const;
  const char* state(std::uint32_t site) const;
  Result<std::string> http01(std::string_view path) const;
  // tls-alpn-01 (RFC 8737): whether any challenge is pending, one atomic load; whether there is
  // one for a server name; the certificates for it, set on a connection or as PEM.
  bool alpn_pending() const { return shelf_.has_challenges(); }
  bool has_challenge(std::string_view server_name) const;
  Outcome set_challenge(std::string_view server_name, ssl_st* ssl) const;
  struct ChallengePem {
    std::string certificate;
    Secret key;
  };
  Result<ChallengePem> challenge_pem(std::string_view server_name, bool rsa) const;
  // What there is to be told: by the keeper, or without it by what is served.
  StatusSource status() const;

 private:
  static constexpr std::size_t kKeyTypes = 6;

  Serving(const Env& env, const Resolution& resolution, int log_fd, CallbackLog log);

  Result<UniqueFd> make_board();
  Outcome fill(int board);
  Outcome settle(Outcome outcome, bool anyhow);

  // One certificate with each of its kinds of key.
  struct Choice {
    std::array<SharedCertificate, kKeyTypes> certificates;
    std::size_t count = 0;
    std::span<const SharedCertificate> view() const { return {certificates.data(), count}; }
  };
  struct Site {
    SitePlan plan;
    // Only where there are several certificates: which answers for a name.
    std::unordered_map<std::string, std::uint32_t> by_name;
  };
  static std::vector<Site> index_sites(const Resolution& resolution);
  static std::unordered_map<std::string, std::uint32_t> index_addresses(const Config& config);
  Choice choose(std::uint32_t site, const std::string& host) const;
  Choice choose_by_address(std::string_view address) const;
  Choice choose_added(std::uint32_t site, const std::string& name) const;
  Choice published(std::uint32_t certificate) const;
  Choice published(std::uint32_t first_slot, std::uint32_t slots) const;
  bool is_published(std::uint32_t certificate) const;
  Result<SharedCertificate> placeholder() const;
  Json status_without_helper() const;
  Json served(const CertificateConfig& certificate, std::size_t key) const;

  const Env& env_;
  Config config_;
  std::vector<Site> sites_;
  // All certificates with IP addresses: clients cannot name one (RFC 6066), and the
  // server that they reach without is none of their choosing.
  std::unordered_map<std::string, std::uint32_t> by_address_;
  // By site: how many of its certificates, from the first on, have been published.
  mutable std::vector<std::atomic<std::uint32_t>> ready_;
  int log_fd_;
  CallbackLog log_;
  UniqueFd board_fd_;  // read-only, and in the master alone
  bool awaits_import_ = false;
  Shelf shelf_;
  std::vector<SuppliedCertificate> supplied_;
  mutable std::mutex placeholder_mutex_;
  mutable SharedCertificate placeholder_;
};

}  // namespace acme::serve
