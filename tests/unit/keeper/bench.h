// The keeper without its loop: store, board, accounts, certificates and table,
// and an agent's voice that can be sent through an order step by step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/json.h"
#include "board/board.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"
#include "keeper/dispatch.h"
#include "keeper/errands.h"
#include "keeper/trials.h"
#include "unit/keeper/keeper_env.h"

namespace acme::test {

inline const std::string kCa = "https://ca.example";
inline const std::string kAccountUrl = kCa + "/acct/1";
inline const std::string kOrderUrl = kCa + "/order/1";
inline const std::string kFinalizeUrl = kCa + "/order/1/finalize";
inline const std::string kNonce = "bm9uY2U";
inline const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
inline const std::string kOtherToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

inline const Lineage kSite{"site", KeyType::ecdsa256};       // site.example, www.site.example
inline const Lineage kSlow{"slow", KeyType::rsa2048};        // slow.example
inline const Lineage kTwin{"twin", KeyType::ecdsa384};       // site.example once more
inline const Lineage kStranger{"other", KeyType::ecdsa256};  // is not configured

inline Config bench_config(const std::string& folder) {
  Config config;
  config.server_version = "nginx/1.22.1";
  config.state_path = folder + "/store";
  config.runtime_path = folder + "/run";
  config.helper_path = folder;
  for (std::string id : {"ca", "second"}) {
    IssuerConfig issuer;
    issuer.id = id;
    issuer.directory_url = id == "ca" ? kCa + "/dir" : "https://second.example/dir";
    issuer.contacts = {"mailto:admin@site.example"};
    issuer.challenges = {ChallengeType::http01, ChallengeType::tlsalpn01};
    config.issuers.push_back(issuer);
  }
  // The second one can have names proven in DNS, too.
  IssuerConfig& second = config.issuers.back();
  for (ChallengeType type :
       {ChallengeType::dns01, ChallengeType::dnsaccount01, ChallengeType::dnspersist01})
    second.challenges.push_back(type);
  DnsSetting token;
  token.key = "TOKEN";
  token.source = DnsSetting::Source::file;
  token.value = folder + "/dns.token";
  write_text(token.value, "sesame-1\n");
  second.dns.push_back({"exec", {token}, ""});
  config.certificates.push_back(
      {"site", {"site.example", "www.site.example"}, {"ca"}, {KeyType::ecdsa256}, {}, 0});
  config.certificates.push_back({"slow", {"slow.example"}, {"ca"}, {KeyType::rsa2048}, {}, 1});
  config.certificates.push_back(
      {"wild", {"*.wild.example"}, {"ca", "second"}, {KeyType::ecdsa256}, {}, 2});
  config.certificates.push_back({"twin", {"site.example"}, {"ca"}, {KeyType::ecdsa384}, {}, 3});
  return config;
}

// A signed body, taken apart.
struct Signed {
  explicit Signed(const std::string& body) : json(REQUIRE_OK(Json::parse(body))) {
    header = REQUIRE_OK(Json::parse(part("protected")));
    payload = part("payload");
  }
  std::string part(const char* name) const {
    auto bytes = REQUIRE_OK(base64url_decode(json[name].text_or("")));
    return {bytes.begin(), bytes.end()};
  }
  Json json;
  Json header;
  std::string payload;
};

class Bench {
 public:
  KeeperEnv env;
  KeptLog log;
  Folder folder;
  Config config = bench_config(folder.path());
  UniqueFd board_fd = REQUIRE_OK(create_board(env, board_shape_for(8)));
  BoardReader board = REQUIRE_OK(BoardReader::map(env, board_fd.get()));

  explicit Bench(bool with_board = true) : with_board_(with_board) { start(); }

  // New objects over the same store and board, as a respawned keeper has them.
  void restart() {
    parts_.reset();
    start();
  }
  // The server reloaded: the board is a new one, too.
  void reload() {
    parts_.reset();
    board_fd = REQUIRE_OK(create_board(env, board_shape_for(8)));
    board = REQUIRE_OK(BoardReader::map(env, board_fd.get()));
    start();
  }

  keeper::Accounts& accounts() { return parts_->accounts; }
  keeper::Certificates& certificates() { return parts_->certificates; }
  keeper::Errands& errands() { return parts_->errands; }
  keeper::Checks& checks() { return parts_->checks; }
  keeper::Trials& trials() { return parts_->trials; }
  keeper::Notices& notices() { return parts_->notices; }
  keeper::Looks& looks() { return parts_->looks; }
  keeper::Dispatch& dispatch() { return parts_->dispatch; }
  Store& store() { return parts_->store; }
  keeper::Managed& managed(const Lineage& lineage) { return *certificates().find(lineage); }

  // ---- the agent's voice

  template <class Request>
  static Frame frame(const Request& request, std::uint32_t id = 1) {
    return {static_cast<std::uint16_t>(Request::kType), id, encode(request)};
  }
  // Nothing: not answered (yet).
  std::optional<ipc::Reply> send(const Frame& frame) {
    replies.clear();
    REQUIRE_OK(dispatch().handle(frame));
    if (replies.empty()) return std::nullopt;
    CHECK_EQ(replies.size(), 1);
    CHECK_EQ(replies.front().first, frame.id);
    return replies.front().second;
  }
  template <class Request>
  ipc::Reply ask(const Request& request) {
    auto reply = send(frame(request, ++last_id_));
    CHECK(reply.has_value());
    return *reply;
  }
  template <class Request>
  std::string granted(const Request& request) {
    ipc::Reply reply = ask(request);
    if (!reply.ok) throw Failure("refused: " + reply.text);
    return reply.text;
  }
  std::vector<std::pair<std::uint32_t, ipc::Reply>> replies;
  std::vector<ipc::Errand> errands_told;
  std::vector<Lineage> renewals;  // of what was revoked

  // ---- the operator's voice; the number of the errand that comes of it

  std::uint32_t ask_to_roll_over(std::shared_ptr<keeper::Wish> wish = some_wish()) {
    REQUIRE_OK(errands().roll_over("ca", std::move(wish)));
    return errands_told.back().number;
  }
  std::uint32_t ask_to_deactivate(std::shared_ptr<keeper::Wish> wish = some_wish()) {
    REQUIRE_OK(errands().deactivate("ca", std::move(wish)));
    return errands_told.back().number;
  }
  std::uint32_t ask_to_revoke(RevocationReason reason = RevocationReason::unspecified,
                              bool order_anew = true,
                              std::shared_ptr<keeper::Wish> wish = some_wish()) {
    REQUIRE_OK(errands().revoke(kSite, reason, order_anew, std::move(wish)));
    return errands_told.back().number;
  }
  static std::shared_ptr<keeper::Wish> some_wish() { return std::make_shared<keeper::Wish>(); }
  // The configuration has another contact than the account.
  std::uint32_t change_contact() {
    if (accounts().account_url("ca").empty()) register_account();
    config.issuers[0].contacts = {"mailto:new@site.example"};
    restart();
    return errands_told.back().number;
  }

  // ---- an order, step by step; each does what comes before it, too

  void read_directory() {
    granted(ipc::DirectoryRead{"ca", {kCa + "/new-account", kCa + "/new-order"}});
  }
  void register_account(const std::string& issuer = "ca") {
    const std::string base = issuer == "ca" ? kCa : "https://second.example";
    granted(ipc::SignNewAccount{issuer, base + "/new-account", kNonce});
    granted(ipc::AccountCreated{issuer, base + "/acct/1", base + "/terms"});
  }
  std::string ask_for_order(const Lineage& lineage = kSite) {
    if (accounts().account_url("ca").empty()) register_account();
    return granted(ipc::SignNewOrder{lineage, "ca", kCa + "/new-order", kNonce});
  }
  void create_order(const Lineage& lineage = kSite) {
    ask_for_order(lineage);
    granted(ipc::OrderCreated{lineage, "ca", kOrderUrl, kFinalizeUrl});
  }
  void present(const Lineage& lineage = kSite) {
    create_order(lineage);
    granted(ipc::PresentChallenges{lineage, "ca", {{first_name(lineage), kToken}}});
  }
  // By tls-alpn-01, whose first answer waits for a key.
  void present_alpn(const Lineage& lineage = kSite) {
    create_order(lineage);
    ipc::PresentChallenges request{
        lineage, "ca", {{first_name(lineage), kToken, ChallengeType::tlsalpn01}}};
    auto reply = send(frame(request, 7));
    if (!reply) {
      await_challenge_key();
      CHECK_EQ(replies.size(), 1);
      reply = replies.front().second;
    }
    if (!reply->ok) throw Failure("refused: " + reply->text);
  }
  // As the keeper's loop does it.
  void await_challenge_key() {
    for (int i = 0; i < 2000; ++i) {
      for (const Lineage& lineage : certificates().keys().collect()) {
        dispatch().key_is_ready(lineage);
        if (lineage == keeper::ChallengeAnswers::kKey) return;
      }
      usleep(5000);
    }
    throw Failure("no key for challenges");
  }
  // The CSR's DER.
  std::string finalize(const Lineage& lineage = kSite) {
    present(lineage);
    return csr_in(granted(ipc::SignFinalize{lineage, "ca", kFinalizeUrl, kNonce}));
  }
  static std::string csr_in(const std::string& body) {
    Json payload = REQUIRE_OK(Json::parse(Signed(body).payload));
    auto der = REQUIRE_OK(base64url_decode(payload["csr"].text_or("")));
    return {der.begin(), der.end()};
  }
  ipc::LineageState install(const Lineage& lineage = kSite) {
    std::string chain = issue(finalize(lineage), lineage);
    return REQUIRE_OK(
        decode<ipc::LineageState>(granted(ipc::InstallChain{lineage, "ca", {chain}})));
  }

  std::string first_name(const Lineage& lineage) {
    return config.certificate(lineage.certificate)->names.front();
  }

  // ---- the CA

  static PrivateKey key_of_csr(const std::string& der) {
    auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ossl::Request csr(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    CHECK(csr != nullptr);
    CHECK_EQ(X509_REQ_verify(csr.get(), X509_REQ_get0_pubkey(csr.get())), 1);
    return PrivateKey::adopt(X509_REQ_get_pubkey(csr.get()));
  }
  Wanted leaf_for(const Lineage& lineage) const {
    Wanted wanted;
    for (const std::string& name : config.certificate(lineage.certificate)->names)
      wanted.names += (wanted.names.empty() ? "DNS:" : ",DNS:") + name;
    return wanted;
  }
  std::string issue(const std::string& csr, const Lineage& lineage = kSite) const {
    return issue(csr, leaf_for(lineage));
  }
  std::string issue(const std::string& csr, const Wanted& wanted) const {
    return chain_to_pem({ca.issue(wanted, key_of_csr(csr)).der(), ca.der()});
  }
  Party ca = Party::self_signed({.subject = "Test CA", .ca = true, .to = kNow + 3650 * kDay});

 private:
  struct Parts {
    Parts(Bench& bench)
        : store(REQUIRE_OK(
              Store::open(bench.env, bench.config.state_path, Store::Mode::read_write, bench.log))),
          writer(REQUIRE_OK(BoardWriter::attach(bench.env, bench.board_fd.get()))),
          accounts(bench.env, bench.log, bench.config, store),
          certificates(bench.env, bench.log, bench.config, store, accounts,
                       bench.with_board_ ? &writer : nullptr),
          errands(bench.env, bench.log, bench.config, store, accounts, certificates),
          checks(bench.env, certificates, bench.with_board_ ? &writer : nullptr),
          trials(bench.log, bench.config, certificates),
          notices(bench.env, bench.log, bench.config, store, certificates),
          looks(bench.env, bench.log, bench.config, certificates),
          dispatch(bench.log, accounts, certificates, errands, checks, notices, looks,
                   [&bench](ipc::Type type, std::uint32_t id, const Secret& payload) {
                     CHECK(type == ipc::Type::reply);
                     bench.replies.emplace_back(id, REQUIRE_OK(decode<ipc::Reply>(payload.view())));
                   }) {
      REQUIRE_OK(store.lock());
      certificates.on_served = [this](const keeper::Managed& managed) { looks.served(managed); };
      certificates.restore_challenges();
      certificates.restore_certificates();
      // As the keeper does it before it starts the agent.
      for (const IssuerConfig& issuer : bench.config.issuers) accounts.settle(issuer.id);
      errands.on_new = [&bench](const ipc::Errand& errand) {
        bench.errands_told.push_back(errand);
        return true;
      };
      errands.renew = [&bench](const Lineage& lineage) { bench.renewals.push_back(lineage); };
      errands.look_at_all();
      notices.restore();
    }
    Store store;
    BoardWriter writer;
    keeper::Accounts accounts;
    keeper::Certificates certificates;
    keeper::Errands errands;
    keeper::Checks checks;
    keeper::Trials trials;
    keeper::Notices notices;
    keeper::Looks looks;
    keeper::Dispatch dispatch;
  };
  void start() { parts_ = std::make_unique<Parts>(*this); }

  bool with_board_;
  std::uint32_t last_id_ = 0;
  std::unique_ptr<Parts> parts_;
};

}  // namespace acme::test
