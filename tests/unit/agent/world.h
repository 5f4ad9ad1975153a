// A world for the agent without network, files or real time: a clock that
// jumps from event to event, a CA made of a few maps, and a scripted keeper at
// the other end of a real socketpair.
#pragma once

#include <sys/socket.h>

#include <algorithm>

#include <cerrno>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/driver.h"
#include "agent/services.h"
#include "base/json.h"
#include "unit/check.h"

namespace acme::test {

using agent::HttpCallback;
using agent::HttpError;
using agent::HttpRequest;
using agent::HttpResult;
using protocol::Answer;

inline constexpr WallTime kStart = 1'800'000'000;

class FakeEnv final : public Env {
 public:
  Millis boot = 1'000'000;
  WallTime wall_offset = kStart - 1000;  // moved when somebody sets the clock
  mutable std::uint32_t seed = 1;

  WallTime now() const override { return boot / 1000 + wall_offset; }
  Millis boottime() const override { return boot; }
  Outcome random(std::span<std::uint8_t> out) const override {
    for (std::uint8_t& byte : out) {
      seed = seed * 1664525 + 1013904223;
      byte = static_cast<std::uint8_t>(seed >> 24);
    }
    return {};
  }
  int open_at(int, const char*, int, mode_t) const override { return -ENOSYS; }
  ssize_t write(int, const void*, std::size_t) const override { return -ENOSYS; }
  int fsync(int) const override { return -ENOSYS; }
  int rename_at(int, const char*, int, const char*) const override { return -ENOSYS; }
  int mkdir_at(int, const char*, mode_t) const override { return -ENOSYS; }
  int symlink_at(const char*, int, const char*) const override { return -ENOSYS; }
  int unlink_at(int, const char*, int) const override { return -ENOSYS; }
  void* map_shared(int, std::size_t, int) const override { return nullptr; }
  int memory_file(const char*) const override { return -ENOSYS; }
  Result<pid_t> spawn(const Spawn&) const override { return fail(Errc::unsupported, "no"); }
};

// A CA as an Http. Faults are put in front of it (before) or behind it (after).
class FakeCa final : public agent::Http {
 public:
  struct Order {
    std::string name;
    std::string status = "pending";
    std::string challenge = "pending";
    std::string type;     // of the challenge that was started
    Millis ready_at = 0;  // of the validation
    int finalized = 0;
  };
  struct Pending {
    Millis at;
    HttpRequest request;
    HttpCallback done;
  };

  FakeCa(FakeEnv& env, std::string base) : env_(env), base_(std::move(base)) {}

  // Instead of the CA's answer: nothing lets the request pass.
  std::function<std::optional<HttpResult>(const HttpRequest&)> before;
  // Instead of the answer that the CA gave.
  std::function<std::optional<HttpResult>(const HttpRequest&, const Answer&)> after;
  Millis latency = 5;
  Millis validation = 50;
  unsigned refuse_nonces = 0;  // percent
  std::vector<std::string> offers = {"http-01"};
  std::set<std::string> unanswered;  // types of challenges that fail
  bool knows_accounts = true;
  // RFC 9773, where it is set: the answer about a certificate.
  std::function<Answer(const std::string& ari_id)> renewal_info;
  std::optional<std::int64_t> date_ahead;  // answers have a Date: of the test's clock, plus this
  std::vector<std::string> replacing;      // names of the orders that came with `replaces`
  bool knows_key = false;                  // of before: onlyReturnExisting finds an account
  bool key_changed = false;                // by keyChange
  bool is_our_account = true;              // that a revocation is signed by
  int revocations = 0;
  std::string meta;              // of the directory, JSON
  std::vector<std::string> log;  // "POST /order/1"
  std::map<int, Order> orders;
  int accounts = 0;
  std::size_t most_in_flight = 0;

  std::size_t count(std::string_view line) const {
    std::size_t n = 0;
    for (const std::string& entry : log) n += entry.starts_with(line) ? 1U : 0U;
    return n;
  }
  std::size_t issued() const {
    std::size_t n = 0;
    for (const auto& [id, order] : orders) n += order.status == "valid" ? 1U : 0U;
    return n;
  }

  void send(HttpRequest request, HttpCallback done) override {
    pending_.push_back({env_.boot + latency, std::move(request), std::move(done)});
    most_in_flight = std::max(most_in_flight, pending_.size());
  }
  std::optional<Millis> next() const {
    std::optional<Millis> first;
    for (const Pending& item : pending_)
      if (!first || item.at < *first) first = item.at;
    return first;
  }
  bool deliver() {
    std::vector<Pending> due;
    std::erase_if(pending_, [&](Pending& item) {
      if (item.at > env_.boot) return false;
      due.push_back(std::move(item));
      return true;
    });
    for (Pending& item : due) item.done(answer(item.request));
    return !due.empty();
  }

 private:
  static const char* method(const HttpRequest& request) {
    if (request.method == HttpRequest::Method::get) return "GET ";
    return request.method == HttpRequest::Method::head ? "HEAD " : "POST ";
  }
  HttpResult answer(const HttpRequest& request) {
    log.push_back(method(request) + request.url.substr(base_.size()));
    if (before)
      if (auto instead = before(request)) return *std::move(instead);
    Answer given = serve(request);
    given.url = request.url;
    if (date_ahead) given.headers.push_back({"Date", http_date(env_.now() + *date_ahead)});
    if (after)
      if (auto instead = after(request, given)) return *std::move(instead);
    return given;
  }
  static std::string http_date(WallTime time) {
    std::tm tm{};
    gmtime_r(&time, &tm);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm)};
  }
  Answer json(int status, const std::string& body) {
    Answer out;
    out.status = status;
    out.body = body;
    out.headers.push_back({"Content-Type", "application/json"});
    std::string nonce = "nonce" + std::to_string(++last_nonce_);
    nonces_.insert(nonce);
    out.headers.push_back({"Replay-Nonce", nonce});
    return out;
  }
  Answer problem(int status, const std::string& type, const std::string& detail) {
    return json(status, R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":")" +
                            detail + R"("})");
  }
  Answer directory() {
    Answer out =
        json(200, R"({"newNonce":")" + base_ + R"(/nonce","newAccount":")" + base_ +
                      R"(/account","newOrder":")" + base_ + R"(/new-order","keyChange":")" + base_ +
                      R"(/key-change","revokeCert":")" + base_ + R"(/revoke")" +
                      (renewal_info ? R"(,"renewalInfo":")" + base_ + "/ari\"" : "") +
                      (meta.empty() ? "" : R"(,"meta":)" + meta) + "}");
    out.headers.pop_back();  // no nonce with the directory
    return out;
  }
  Answer serve(const HttpRequest& request) {
    std::string path = request.url.substr(base_.size());
    if (path == "/directory") return directory();
    if (path == "/nonce") return json(200, "");
    if (path.starts_with("/ari/")) return renewal_info(path.substr(5));
    Json body = REQUIRE_OK(Json::parse(request.body));
    bool fresh = nonces_.erase(body["nonce"].text_or("")) == 1;
    if (!fresh || env_.uniform() * 100 < refuse_nonces)
      return problem(400, "badNonce", "JWS has an invalid anti-replay nonce");
    const std::string what = body["what"].text_or("");
    if (path == "/account") return what == "account" ? account() : existing(what);
    if (path == "/key-change") {
      key_changed = true;
      return json(200, "");
    }
    if (path == "/revoke") return revoke(what);
    if (!knows_accounts) return problem(400, "accountDoesNotExist", "unknown account");
    if (path == "/new-order") {
      if (body["replaces"].truth()) replacing.push_back(body["lineage"].text_or(""));
      return new_order(body["lineage"].text_or(""));
    }
    std::size_t slash = path.rfind('/');
    if (path.starts_with("/account/")) return json(200, R"({"status":")" + what + R"("})");
    return of_order(path.substr(0, slash), std::stoi(path.substr(slash + 1)),
                    body["what"].text_or(""));
  }
  Answer account() {
    ++accounts;
    knows_accounts = true;
    Answer out = json(201, R"({"status":"valid"})");
    out.headers.push_back({"Location", base_ + "/account/" + std::to_string(accounts)});
    return out;
  }
  Answer existing(const std::string& what) {
    if (what == "look" ? !knows_key : !key_changed)
      return problem(400, "accountDoesNotExist", "no account has this key");
    if (accounts == 0) accounts = 1;
    Answer out = json(200, R"({"status":"valid"})");
    out.headers.push_back({"Location", base_ + "/account/" + std::to_string(accounts)});
    return out;
  }
  Answer revoke(const std::string& what) {
    if (what == "revoke" && !is_our_account) return problem(403, "unauthorized", "not yours");
    if (++revocations > 1) return problem(400, "alreadyRevoked", "was revoked before");
    return json(200, "");
  }
  Answer new_order(const std::string& name) {
    int id = static_cast<int>(orders.size()) + 1;
    orders[id].name = name;
    Answer out = order(id, 201);
    out.headers.push_back({"Location", base_ + "/order/" + std::to_string(id)});
    return out;
  }
  void settle(Order& item) {
    if (item.challenge != "processing" || env_.boot < item.ready_at) return;
    bool good = !unanswered.contains(item.type);
    item.challenge = good ? "valid" : "invalid";
    if (item.status == "pending") item.status = good ? "ready" : "invalid";
  }
  Answer order(int id, int status) {
    Order& item = orders[id];
    settle(item);
    std::string text = R"({"status":")" + item.status +
                       R"(","identifiers":[{"type":"dns","value":")" + item.name +
                       R"("}],"authorizations":[")" + base_ + "/authz/" + std::to_string(id) +
                       R"("],"finalize":")" + base_ + "/finalize/" + std::to_string(id) + '"';
    if (item.status == "valid")
      text += R"(,"certificate":")" + base_ + "/cert/" + std::to_string(id) + '"';
    return json(status, text + "}");
  }
  std::string challenge(int id, const std::string& type) {
    std::string text = R"({"type":")" + type + R"(","url":")" + base_ + "/" + type + "/" +
                       std::to_string(id) + R"(","token":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa)" +
                       std::to_string(id) + R"(","status":")" + orders[id].challenge + '"';
    if (orders[id].challenge == "invalid")
      text += R"(,"error":{"type":"urn:ietf:params:acme:error:connection","detail":"refused"})";
    return text + "}";
  }
  // As RFC 8555 7.1.4 has it: once one was tried, that one alone.
  std::string challenges(int id) {
    std::string list;
    for (const std::string& type : offers)
      if (orders[id].type.empty() || type == orders[id].type)
        list += (list.empty() ? "" : ",") + challenge(id, type);
    return list;
  }
  Answer of_order(const std::string& path, int id, const std::string& what) {
    if (!orders.contains(id)) return problem(404, "malformed", "no such order");
    Order& item = orders[id];
    settle(item);
    if (path == "/order") return order(id, 200);
    if (path == "/authz")
      return json(200,
                  R"({"status":")" +
                      std::string(item.challenge == "processing" ? "pending" : item.challenge) +
                      R"(","identifier":{"type":"dns","value":")" + item.name +
                      R"("},"challenges":[)" + challenges(id) + "]}");
    if (path.ends_with("-01")) return on_challenge(item, id, path.substr(1), what);
    if (path == "/finalize") return on_finalize(item, id);
    Answer out = json(200, "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
    return out;
  }
  Answer on_challenge(Order& item, int id, const std::string& type, const std::string& what) {
    if (what == "challenge") {
      if (item.challenge != "pending") return problem(400, "malformed", "is not pending");
      item.challenge = "processing";
      item.type = type;
      item.ready_at = env_.boot + validation;
    }
    return json(200, challenge(id, type));
  }
  Answer on_finalize(Order& item, int id) {
    if (item.status != "ready") return problem(403, "orderNotReady", "not ready");
    ++item.finalized;
    item.status = "valid";
    return order(id, 200);
  }

  FakeEnv& env_;
  std::string base_;
  std::vector<Pending> pending_;
  std::set<std::string> nonces_;
  int last_nonce_ = 0;
};

// The way to both CAs.
class FakeNet final : public agent::Http {
 public:
  FakeNet(FakeCa& ca, FakeCa& other) : ca_(ca), other_(other) {}
  void send(HttpRequest request, HttpCallback done) override {
    FakeCa& whom = request.url.starts_with("https://other.test/") ? other_ : ca_;
    whom.send(std::move(request), std::move(done));
  }

 private:
  FakeCa& ca_;
  FakeCa& other_;
};

// Answers as acme-keeper does; "signs" by writing down what was to be signed.
class ScriptedKeeper {
 public:
  ScriptedKeeper(FakeEnv& env, UniqueFd socket) : env_(env), channel_(std::move(socket)) {}

  std::vector<std::string> lines;  // of the log: "3 example.com: order failed …"
  std::vector<ipc::Type> types;    // of all requests, in their order
  std::map<std::string, ScheduleRecord> schedules;
  std::map<std::string, std::vector<std::string>> stages;
  std::vector<std::string> given_up;
  std::vector<ipc::ErrandDone> errands;  // that have ended
  std::vector<ipc::CheckDone> checks;
  std::vector<std::string> probes;  // tokens that workers answer now
  std::vector<std::string> installed;
  std::vector<std::string> from;  // which issuer, the same in parallel
  std::int64_t lifetime = 90 * kDay;
  bool ari = false;              // what is installed has a certID
  std::int64_t clock_ahead = 0;  // as the agent told it last
  // Instead of the usual reply: nothing lets the request pass.
  std::function<std::optional<ipc::Reply>(ipc::Type)> before;
  std::function<std::optional<ipc::Reply>(ipc::Type, std::string_view bytes)> before_with;

  std::size_t count(ipc::Type type) const {
    return static_cast<std::size_t>(std::count(types.begin(), types.end(), type));
  }
  std::size_t lines_with(std::string_view part) const {
    std::size_t n = 0;
    for (const std::string& line : lines) n += line.find(part) != std::string::npos ? 1U : 0U;
    return n;
  }
  std::string line_with(std::string_view part) const {
    for (const std::string& line : lines)
      if (line.find(part) != std::string::npos) return line;
    return "";
  }

  template <class Message>
  void tell(const Message& message) {
    REQUIRE_OK(channel_.send(static_cast<std::uint16_t>(Message::kType), 0, encode(message)));
  }
  bool pump() {
    REQUIRE_OK(channel_.flush());
    std::vector<Frame> frames = REQUIRE_OK(channel_.receive());
    for (const Frame& frame : frames) handle(frame);
    return !frames.empty();
  }

 private:
  void handle(const Frame& frame) {
    auto type = static_cast<ipc::Type>(frame.type);
    types.push_back(type);
    if (type == ipc::Type::log_line) {
      auto line = REQUIRE_OK(decode<ipc::LogLine>(frame.payload.view()));
      lines.push_back(std::to_string(line.level) + " " + line.line);
      return;
    }
    if (type == ipc::Type::clock_state) {
      clock_ahead = REQUIRE_OK(decode<ipc::ClockState>(frame.payload.view())).ahead;
      return;
    }
    if (type == ipc::Type::progress) {
      auto progress = REQUIRE_OK(decode<ipc::Progress>(frame.payload.view()));
      stages[progress.lineage.certificate].push_back(progress.stage);
      return;
    }
    ipc::Reply reply;
    reply.ok = true;
    reply.text = act(type, frame.payload.view());
    if (before)
      if (auto instead = before(type)) reply = *instead;
    if (before_with)
      if (auto instead = before_with(type, frame.payload.view())) reply = *instead;
    REQUIRE_OK(
        channel_.send(static_cast<std::uint16_t>(ipc::Type::reply), frame.id, encode(reply)));
  }

  static std::string body(const std::string& what, const std::string& lineage,
                          const std::string& nonce) {
    return Json::object().set("what", what).set("lineage", lineage).set("nonce", nonce).compact();
  }
  template <class Message>
  std::string errand(const std::string& what, std::string_view bytes) {
    return body(what, "", REQUIRE_OK(decode<Message>(bytes)).nonce);
  }
  template <class Message>
  std::string sign(const std::string& what, std::string_view bytes) {
    Message message = REQUIRE_OK(decode<Message>(bytes));
    return body(what, message.lineage.certificate, message.nonce);
  }
  std::string act(ipc::Type type, std::string_view bytes) {
    using ipc::Type;
    switch (type) {
      case Type::sign_new_account: {
        auto request = REQUIRE_OK(decode<ipc::SignNewAccount>(bytes));
        return body(request.only_existing ? "look" : "account", "", request.nonce);
      }
      case Type::sign_account_update:
        return errand<ipc::SignAccountUpdate>("valid", bytes);
      case Type::sign_account_deactivation:
        return errand<ipc::SignAccountDeactivation>("deactivated", bytes);
      case Type::sign_key_change:
        return errand<ipc::SignKeyChange>("change_key", bytes);
      case Type::sign_key_probe:
        return errand<ipc::SignKeyProbe>("probe", bytes);
      case Type::sign_revocation: {
        auto request = REQUIRE_OK(decode<ipc::SignRevocation>(bytes));
        return body(request.by_certificate ? "revoke_by_certificate" : "revoke", "", request.nonce);
      }
      case Type::errand_done:
        errands.push_back(REQUIRE_OK(decode<ipc::ErrandDone>(bytes)));
        return "";
      case Type::sign_fetch:
        return body("fetch", "", REQUIRE_OK(decode<ipc::SignFetch>(bytes)).nonce);
      case Type::sign_new_order:
        return order(REQUIRE_OK(decode<ipc::SignNewOrder>(bytes)));
      case Type::sign_challenge:
        return sign<ipc::SignChallenge>("challenge", bytes);
      case Type::sign_finalize:
        return sign<ipc::SignFinalize>("finalize", bytes);
      case Type::sign_deactivate_authorization:
        return sign<ipc::SignDeactivateAuthorization>("deactivate", bytes);
      case Type::install_chain:
        return install(REQUIRE_OK(decode<ipc::InstallChain>(bytes)));
      case Type::give_up_order:
        given_up.push_back(REQUIRE_OK(decode<ipc::GiveUpOrder>(bytes)).lineage.certificate);
        return "";
      case Type::begin_probe:
        probes.push_back("token" + std::to_string(++last_probe_));
        return probes.back() + ".rest";
      case Type::end_probe:
        std::erase(probes, REQUIRE_OK(decode<ipc::EndProbe>(bytes)).token);
        return "";
      case Type::check_done:
        checks.push_back(REQUIRE_OK(decode<ipc::CheckDone>(bytes)));
        return "";
      case Type::save_schedule: {
        auto save = REQUIRE_OK(decode<ipc::SaveSchedule>(bytes));
        schedules[save.lineage.certificate] = save.schedule;
        return "";
      }
      default:
        return "";
    }
  }
  static std::string order(const ipc::SignNewOrder& message) {
    return Json::object()
        .set("what", "order")
        .set("lineage", message.lineage.certificate)
        .set("nonce", message.nonce)
        .set("replaces", Json::boolean(message.replaces))
        .compact();
  }
  std::string install(const ipc::InstallChain& message) {
    installed.push_back(message.lineage.certificate);
    from.push_back(message.issuer);
    ipc::LineageState state;
    state.lineage = message.lineage;
    state.stored = true;
    state.current = true;
    state.issuer = state.ari_issuer = message.issuer;
    if (ari) state.ari_id = message.lineage.certificate + "." + std::to_string(installed.size());
    state.not_before = env_.now() - kHour;
    state.not_after = state.not_before + lifetime;
    state.configuration = "digest";
    return std::string(encode(state).view());
  }

  FakeEnv& env_;
  int last_probe_ = 0;
  Channel channel_;
};

struct Ends {
  UniqueFd agent;
  UniqueFd keeper;
};
inline Ends socket_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) throw Failure("socketpair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// All of it together. Configure, then start(), then run_for() or run_until().
class World {
 public:
  World() : World(socket_pair()) {}

  FakeEnv env;
  FakeCa ca;
  FakeCa other;  // of the issuer "other"; asked where a certificate names it
  FakeNet net;
  ScriptedKeeper keeper;
  agent::KeeperLink link;
  agent::KeeperLog log;
  agent::Timers timers;
  agent::Services services;
  Config config;
  ipc::Welcome welcome;
  std::unique_ptr<agent::Driver> driver;
  agent::View::Find find;  // names looked at by preflight; none: there is no preflight

  // One certificate with one key; its state can be changed before start().
  ipc::LineageState& add(const std::string& name) {
    CertificateConfig certificate;
    certificate.id = name;
    certificate.names = {name};
    certificate.issuers = {"ca"};
    certificate.keys = {KeyType::ecdsa256};
    config.certificates.push_back(certificate);
    ipc::LineageState state;
    state.lineage = {name, KeyType::ecdsa256};
    state.configuration = "digest";
    state.schedule.configuration = "digest";
    return welcome.lineages.emplace_back(state);
  }
  void add_many(int count) {
    for (int i = 0; i < count; ++i) add("n" + std::to_string(i) + ".example");
  }
  void start() {
    driver = std::make_unique<agent::Driver>(services, config, welcome);
    link.on_renew = [this](const ipc::RenewNow& renew) {
      driver->renew(renew.lineage, renew.revoked);
    };
    link.on_errand = [this](const ipc::Errand& errand) { driver->errand(errand); };
    link.on_check = [this](const ipc::Check& check) { driver->check(check); };
    if (find) driver->enable_preflight([this](const IssuerConfig&) { return find; });
    driver->start();
  }

  // Lets happen what happens now; whether anything did.
  bool step() {
    REQUIRE_OK(link.pump());
    bool something = keeper.pump();
    something |= ca.deliver();
    something |= other.deliver();
    bool due = timers.next_in() == std::optional<Millis>(0);
    timers.run_due();
    REQUIRE_OK(link.pump());
    return something || due;
  }
  // Until `done`, at most for so long; whether it came to that.
  bool run_until(const std::function<bool()>& done, Millis longest) {
    const Millis end = env.boot + longest;
    for (int quiet = 0;;) {
      if (done()) return true;
      quiet = step() ? 0 : quiet + 1;
      if (quiet < 2) continue;  // a reply may still be in the socket
      quiet = 0;
      Millis next = end + 1;
      if (auto timer = timers.next_in()) next = std::min(next, env.boot + *timer);
      for (const FakeCa* each : {&ca, &other})
        if (auto answer = each->next()) next = std::min(next, *answer);
      if (next > end) {
        env.boot = end;
        return done();
      }
      env.boot = std::max(env.boot, next);
    }
  }
  void run_for(Millis duration) {
    run_until([] { return false; }, duration);
  }
  bool run_until_issued(std::size_t count, Millis longest) {
    return run_until([&] { return keeper.installed.size() >= count; }, longest);
  }

 private:
  explicit World(Ends ends)
      : ca(env, "https://ca.test"),
        other(env, "https://other.test"),
        net(ca, other),
        keeper(env, std::move(ends.keeper)),
        link(std::move(ends.agent)),
        log(link),
        timers(env),
        services{env, timers, net, link, log} {
    IssuerConfig issuer;
    issuer.id = "ca";
    issuer.directory_url = "https://ca.test/directory";
    issuer.challenges = {ChallengeType::http01, ChallengeType::tlsalpn01};
    config.issuers.push_back(issuer);
    issuer.id = "other";
    issuer.directory_url = "https://other.test/directory";
    config.issuers.push_back(issuer);
  }
};

inline HttpError refused() {
  return {"connection to ca.test:443 refused", false, true};
}
inline HttpError lost() {
  return {"ca.test:443 closed the connection before its answer was complete", true, true};
}
inline Answer answer_of(int status, const std::string& type, const std::string& detail,
                        std::vector<protocol::Header> headers = {}) {
  Answer out;
  out.status = status;
  out.headers = std::move(headers);
  out.headers.push_back({"Content-Type", "application/problem+json"});
  out.body =
      R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":")" + detail + R"("})";
  return out;
}

}  // namespace acme::test
