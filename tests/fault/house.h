// A whole house in one process: the real keeper (store, board, accounts, table)
// and the real agent, at a model of a CA, on a clock that jumps. Each call that
// the keeper makes to the system can be refused.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/cert.h"
#include "crypto/digest.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"
#include "keeper/dispatch.h"
#include "keeper/errands.h"
#include "keeper/shown.h"
#include "serve/filling.h"
#include "unit/agent/world.h"
#include "unit/keeper/keeper_env.h"

namespace acme::test {

enum class Fault {
  once,         // one call is refused, and the next ones go well
  lasting,      // that call and all after it: a full or dying disk
  short_write,  // as lasting, but half of a write goes through before
  crash,        // the helper ends there
};

// The real system by the world's clock, with one fault.
class FaultyEnv final : public ForwardingEnv {
 public:
  explicit FaultyEnv(const FakeEnv& clock) : clock_(clock) {}

  mutable int calls = 0;
  mutable std::vector<std::string> names;  // of all calls: "rename order.json"
  mutable std::string refused;             // the first call that was: "rename order.json"
  Fault fault = Fault::once;
  int fail_at = 0;  // counted from 1; 0: never

  bool no_forks = false;
  mutable int forks = 0;

  void arm(Fault what, int n) {
    fault = what;
    fail_at = n;
    calls = 0;
    names.clear();
    refused.clear();
  }
  void repair() { fail_at = 0; }

  WallTime now() const override { return clock_.now(); }
  Millis boottime() const override { return clock_.boottime(); }
  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    const bool makes = (flags & O_CREAT) != 0;
    if (int e = before(makes ? "create" : "open", name, makes ? ENOSPC : EMFILE)) return e;
    return ForwardingEnv::open_at(dir, name, flags, mode);
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    int e = before("write", "", ENOSPC);
    if (e == 0) return ForwardingEnv::write(fd, data, size);
    if (fault == Fault::short_write && calls == fail_at && size > 1)
      return ForwardingEnv::write(fd, data, size / 2);
    return e;
  }
  int fsync(int) const override { return before("fsync", "", EIO); }  // nobody pulls the plug
  int rename_at(int a, const char* from, int b, const char* to) const override {
    if (int e = before("rename", to, EIO)) return e;
    return ForwardingEnv::rename_at(a, from, b, to);
  }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    if (int e = before("mkdir", name, ENOSPC)) return e;
    return ForwardingEnv::mkdir_at(dir, name, mode);
  }
  int symlink_at(const char* target, int dir, const char* name) const override {
    if (int e = before("symlink", name, ENOSPC)) return e;
    return ForwardingEnv::symlink_at(target, dir, name);
  }
  int unlink_at(int dir, const char* name, int flags) const override {
    if (int e = before("unlink", name, EROFS)) return e;
    return ForwardingEnv::unlink_at(dir, name, flags);
  }
  void* map_shared(int fd, std::size_t size, int protection) const override {
    if (int e = before("mmap", "", ENOMEM)) {
      errno = -e;
      return MAP_FAILED;
    }
    return ForwardingEnv::map_shared(fd, size, protection);
  }
  int memory_file(const char* name) const override {
    if (int e = before("memfd_create", name, EMFILE)) return e;
    return ForwardingEnv::memory_file(name);
  }
  pid_t fork() const override {
    ++forks;
    return no_forks ? -EAGAIN : ForwardingEnv::fork();
  }

 private:
  int before(const char* call, const char* name, int with) const {
    ++calls;
    if (fail_at == 0) names.push_back(std::string(call) + " " + name);  // a run without a fault
    if (fail_at == 0 || calls < fail_at || (fault == Fault::once && calls > fail_at)) return 0;
    if (refused.empty()) refused = std::string(call) + " " + name;
    return -with;
  }

  const FakeEnv& clock_;
};

// FakeCa speaks of lineages; this one reads real JWS and issues real certificates.
class JoseCa final : public agent::Http {
 public:
  JoseCa(FakeEnv& clock, FakeCa& model) : clock_(clock), model_(model) {
    model_.after = [this](const HttpRequest& request, const Answer& answer) {
      return after(request, answer);
    };
  }
  // For each certificate that is issued, before anybody hears of it.
  std::function<void(const std::string& name, const PrivateKey& key)> on_issue;

  // Who asked is gone: nobody hears the answers.
  void hang_up() { caller_ = std::make_shared<bool>(); }

  void send(HttpRequest request, HttpCallback done) override {
    if (request.method == HttpRequest::Method::post) request.body = plain(request);
    model_.send(std::move(request), [caller = std::weak_ptr(caller_), done](HttpResult result) {
      if (!caller.expired()) done(std::move(result));
    });
  }

 private:
  static Json part(const Json& jws, const char* name) {
    auto bytes = REQUIRE_OK(base64url_decode(jws[name].text_or("")));
    if (bytes.empty()) return Json::object();
    return REQUIRE_OK(Json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  static std::string plain(const HttpRequest& request) {
    Json jws = REQUIRE_OK(Json::parse(request.body));
    Json header = part(jws, "protected");
    CHECK_EQ(header["url"].text_or(""), request.url);
    Json payload = part(jws, "payload");
    Json out = Json::object();
    out.set("nonce", header["nonce"].text_or(""));
    const bool is_fetch = jws["payload"].text_or("").empty();
    out.set("what", is_fetch ? "fetch" : "challenge");
    if (request.url.ends_with("/account"))
      out.set("what", payload["onlyReturnExisting"].truth() ? "look" : "account");
    for (const Json& identifier : payload["identifiers"].items())
      out.set("lineage", identifier["value"].text_or(""));
    out.set("csr", payload["csr"].text_or(""));
    return out.compact();
  }
  std::optional<HttpResult> after(const HttpRequest& request, const Answer& answer) {
    if (request.method != HttpRequest::Method::post || !answer.ok()) return std::nullopt;
    if (request.url.ends_with("/account")) model_.knows_key = true;
    const std::size_t slash = request.url.rfind('/');
    const std::string path = request.url.substr(0, slash);
    if (path.ends_with("/finalize"))
      issue(std::stoi(request.url.substr(slash + 1)),
            REQUIRE_OK(Json::parse(request.body))["csr"].text_or(""));
    if (!path.ends_with("/cert")) return std::nullopt;
    Answer chain = answer;
    chain.body = chains_.at(std::stoi(request.url.substr(slash + 1)));
    return chain;
  }
  void issue(int id, const std::string& csr) {
    auto der = REQUIRE_OK(base64url_decode(csr));
    const unsigned char* at = der.data();
    ossl::Request read(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    CHECK(read != nullptr);
    CHECK_EQ(X509_REQ_verify(read.get(), X509_REQ_get0_pubkey(read.get())), 1);
    PrivateKey key = PrivateKey::adopt(X509_REQ_get_pubkey(read.get()));
    const std::string& name = model_.orders.at(id).name;
    if (on_issue) on_issue(name, key);
    Wanted wanted;
    wanted.names = "DNS:" + name;
    wanted.from = clock_.now() - kHour;
    wanted.to = wanted.from + 90 * kDay;
    wanted.serial = std::to_string(1000 + id);
    chains_[id] = chain_to_pem({ca_.issue(wanted, std::move(key)).der(), ca_.der()});
  }

  FakeEnv& clock_;
  FakeCa& model_;
  Party ca_ = Party::self_signed({.subject = "Test CA", .ca = true, .to = kNow + 3650 * kDay});
  std::map<int, std::string> chains_;
  std::shared_ptr<bool> caller_ = std::make_shared<bool>();
};

inline bool is_pair(const PrivateKey& key, std::string_view leaf_der) {
  const auto* at = reinterpret_cast<const unsigned char*>(leaf_der.data());
  ossl::Certificate leaf(d2i_X509(nullptr, &at, static_cast<long>(leaf_der.size())));
  return leaf && EVP_PKEY_eq(X509_get0_pubkey(leaf.get()), key.get()) == 1;
}

// One server with its helper; each certificate has one name, which is its id.
class House {
 public:
  explicit House(KeyType key = KeyType::ecdsa256) : key_(key) {
    config.state_path = folder / "store";
    config.runtime_path = folder / "run";
    IssuerConfig issuer;
    issuer.id = "ca";
    issuer.directory_url = "https://ca.test/directory";
    issuer.challenges = {ChallengeType::http01};
    config.issuers.push_back(issuer);
    config.certificates.push_back({kName, {kName}, {"ca"}, {key}, {}, 0});
    ca.on_issue = [this](const std::string&, const PrivateKey& csr) { check_key_is_on_disk(csr); };
  }
  static inline const std::string kName = "www.example";

  FakeEnv clock;
  FaultyEnv env{clock};
  FakeCa model{clock, "https://ca.test"};
  JoseCa ca{clock, model};
  KeptLog log;
  Folder folder;
  Config config;
  Lineage lineage() const { return {kName, key_}; }

  // As a server's start or reload: a new board, filled from the store; then a helper.
  void load() {
    end_helper();
    board_fd_ = REQUIRE_OK(create_board(system_env(), board_shape_for(2)));
    reader_.emplace(REQUIRE_OK(BoardReader::map(system_env(), board_fd_.get())));
    seen_ = {};
    seen_generation_ = 0;
    auto store = Store::open(system_env(), config.state_path, Store::Mode::read_only, log);
    if (store) {
      BoardWriter writer = REQUIRE_OK(BoardWriter::attach(system_env(), board_fd_.get()));
      serve::fill_certificates(
          *store, config, clock.now(), log,
          [&](std::uint32_t slot, const Bundle& bundle) { return writer.publish(slot, bundle); });
      serve::fill_challenges(*store, writer, clock.now(), log);
    }
    start_helper();
  }
  // The helper alone, as after a kill.
  void restart_helper() {
    end_helper();
    start_helper();
  }

  void run_for(Millis duration) {
    run_until([] { return false; }, duration);
  }
  bool run_until(const std::function<bool()>& done, Millis longest) {
    const Millis end = clock.boot + longest;
    for (int quiet = 0; clock.boot < end;) {
      if (done()) return true;
      quiet = step() ? 0 : quiet + 1;
      if (quiet < 2) continue;  // a reply may still be in the socket
      quiet = 0;
      clock.boot = std::max(clock.boot, next_event(end));
    }
    return done();
  }

  // ---- what is there

  struct Served {
    std::string serial;  // empty: nothing is served
    WallTime not_after = 0;
  };
  // What a handshake would have now: key and certificate fit, always.
  const Served& served() const {
    const std::uint64_t generation = reader_ ? reader_->generation(0) : 0;
    if (generation != seen_generation_) seen_ = look();
    seen_generation_ = generation;
    return seen_;
  }
  // What the next start would have.
  Served stored() {
    auto store = Store::open(system_env(), config.state_path, Store::Mode::read_only, ignored_);
    if (!store) return {};
    auto version = store->load_current(lineage());
    if (!version) {
      if (version.error().code == Errc::not_found) return {};
      throw Failure("stored: " + version.error().message);
    }
    PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(version->key_pem.view()));
    auto chain = REQUIRE_OK(chain_from_pem(version->chain_pem));
    if (!is_pair(key, chain.front())) throw Failure("stored: another certificate's key");
    return {version->meta.serial, version->meta.not_after};
  }
  // Whether the operator was told of it, in the system's own words.
  bool tells_of_trouble() const {
    return std::any_of(log.lines.begin(), log.lines.end(), [](const KeptLog::Line& line) {
      if (line.level > Level::warning) return false;
      for (int error : {ENOSPC, EMFILE, EIO, ENOMEM, EROFS, EAGAIN})
        if (line.text.find(std::strerror(error)) != std::string::npos) return true;
      return false;
    });
  }
  std::string log_text() const {
    std::string text;
    for (const KeptLog::Line& line : log.lines) text += "\n    " + line.text;
    return text;
  }

 private:
  Served look() const {
    auto copy = reader_->certificate(0);
    if (!copy) return {};
    Bundle bundle = REQUIRE_OK(decode_bundle(copy->bytes.span()));
    PrivateKey key = REQUIRE_OK(PrivateKey::from_der(bundle.key_der.view()));
    if (!is_pair(key, bundle.chain.front())) throw Failure("served: another certificate's key");
    CertificateInfo info = REQUIRE_OK(inspect_certificate(bundle.chain.front()));
    return {info.serial, info.not_after};
  }

  // What keep() makes, without its loop.
  struct Helper {
    Helper(House& house, Store opened, std::optional<BoardWriter> attached, Ends ends)
        : store(std::move(opened)),
          board(std::move(attached)),
          accounts(house.env, house.log, house.config, store),
          certificates(house.env, house.log, house.config, store, accounts,
                       board ? &*board : nullptr),
          errands(house.env, house.log, house.config, store, accounts, certificates),
          checks(house.env, certificates, board ? &*board : nullptr),
          notices(house.env, house.log, house.config, store, certificates),
          looks(house.env, house.log, house.config, certificates),
          channel(std::move(ends.keeper)),
          dispatch(house.log, accounts, certificates, errands, checks, notices, looks,
                   [this](ipc::Type type, std::uint32_t id, const Secret& payload) {
                     REQUIRE_OK(channel.send(static_cast<std::uint16_t>(type), id, payload));
                   }),
          link(std::move(ends.agent)),
          agent_log(link),
          timers(house.clock),
          services{house.clock, timers, house.ca, link, agent_log} {}

    void welcome(const Config& config) {
      certificates.restore_challenges();
      certificates.restore_certificates();
      ipc::Welcome welcome;
      const bool has_key = accounts.settle("ca");
      AccountRecord account = accounts.record("ca");
      welcome.issuers.push_back(
          {"ca", {}, account.account_url, account.not_before, has_key, accounts.limits("ca")});
      for (const auto& [lineage, managed] : certificates.all())
        welcome.lineages.push_back(certificates.state_of(managed));
      driver = std::make_unique<agent::Driver>(services, config, welcome);
      link.on_renew = [this](const ipc::RenewNow& renew) {
        driver->renew(renew.lineage, renew.revoked);
      };
      driver->start();
    }
    bool pump() {
      REQUIRE_OK(link.pump());
      REQUIRE_OK(channel.flush());
      std::vector<Frame> frames = REQUIRE_OK(channel.receive());
      for (const Frame& frame : frames) REQUIRE_OK(dispatch.handle(frame));
      for (const Lineage& lineage : certificates.keys().collect()) dispatch.key_is_ready(lineage);
      return !frames.empty();
    }

    Store store;
    std::optional<BoardWriter> board;
    keeper::Accounts accounts;
    keeper::Certificates certificates;
    keeper::Errands errands;
    keeper::Checks checks;
    keeper::Notices notices;
    keeper::Looks looks;
    Channel channel;
    keeper::Dispatch dispatch;
    agent::KeeperLink link;
    agent::KeeperLog agent_log;
    agent::Timers timers;
    agent::Services services;
    std::unique_ptr<agent::Driver> driver;
  };

  void end_helper() {
    ca.hang_up();
    helper_.reset();
  }
  // As keep() does it: what cannot be now is said, and tried again.
  void start_helper() {
    start_at_.reset();
    auto give_up = [&](const Error& error) {
      log.error("helper: " + error.message);
      start_at_ = clock.boot + 1000;
    };
    auto store = Store::open(env, config.state_path, Store::Mode::read_write, log);
    if (!store) return give_up(store.error());
    if (auto locked = store->lock(); !locked) return give_up(locked.error());
    auto board = BoardWriter::attach(env, board_fd_.get());
    if (!board) return give_up(board.error());
    auto encoded = encode_config(config);
    if (auto saved = store->save_config(encoded.view()); !saved) log.error(saved.error().message);
    helper_ = std::make_unique<Helper>(*this, std::move(*store), std::move(*board), socket_pair());
    helper_->welcome(config);
  }
  bool step() {
    if (env.fault == Fault::crash && !env.refused.empty() && env.fail_at > 0) {
      env.repair();
      restart_helper();
    }
    if (start_at_ && clock.boot >= *start_at_) start_helper();
    if (!helper_) return false;
    bool something = helper_->pump();
    if (auto since = helper_->store.unsettled_since(); since && clock.boot - *since >= 500)
      if (auto settled = helper_->store.settle(); !settled) log.error(settled.error().message);
    if (helper_->certificates.take_misinformed()) restart_helper();
    if (!helper_) return false;
    something |= model.deliver();
    bool due = helper_->timers.next_in() == std::optional<Millis>(0);
    helper_->timers.run_due();
    REQUIRE_OK(helper_->link.pump());
    if (something) (void)served();
    return something || due;
  }
  Millis next_event(Millis otherwise) const {
    Millis next = otherwise;
    if (start_at_) next = std::min(next, *start_at_);
    if (auto answer = model.next()) next = std::min(next, *answer);
    if (helper_)
      if (auto timer = helper_->timers.next_in()) next = std::min(next, clock.boot + *timer);
    return next;
  }
  // Rule of the field guide (fault 7): issued and lost must be impossible.
  void check_key_is_on_disk(const PrivateKey& csr) {
    auto store = Store::open(system_env(), config.state_path, Store::Mode::read_only, ignored_);
    auto pem = REQUIRE_OK(store).load_order_key(lineage());
    PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(REQUIRE_OK(pem).view()));
    if (EVP_PKEY_eq(key.get(), csr.get()) != 1)
      throw Failure("a certificate is issued whose key is not on disk");
  }

  KeyType key_;
  KeptLog ignored_;
  UniqueFd board_fd_;
  std::optional<BoardReader> reader_;
  mutable Served seen_;
  mutable std::uint64_t seen_generation_ = 0;
  std::optional<Millis> start_at_;
  std::unique_ptr<Helper> helper_;
};

}  // namespace acme::test
