#include "keeper/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/archive.h"
#include "base/text.h"
#include "keeper/import.h"
#include "keeper/runtime_path.h"
#include "keeper/status.h"
#include "keeper/supervisor.h"

namespace acme::keeper {
namespace {

constexpr Millis kStatusInterval = 200;  // changes are coalesced
constexpr Millis kStatusShare =
    20;  // and a status takes no more of our time than one part of so many
constexpr Millis kMinuteMillis = 60'000;
constexpr Millis kSettle = 500;       // of what the store has not made durable yet
constexpr Millis kAgentSlice = 50;    // of each turn of the loop
constexpr Millis kLastAnswers = 600;  // of the second in which the helper is gone
// nginx tells its old workers to stop 100 ms after it has started the new ones,
// httpd at once: until they have heard it, a CA that connects may meet one.
constexpr Millis kOlderWorkers = 1'000;
constexpr Millis kBoardRetry = 2'000;
constexpr Millis kNeglectInterval = 10 * kMinuteMillis;
constexpr Millis kLockRetry = 20;
constexpr Millis kLockPatience = 3'000;  // before the operator is told

// SIGCHLD wakes the loop; TERM, HUP and INT are for the server, and the
// death pipe tells when it is gone.
UniqueFd open_signals() {
  sigset_t mask;
  sigemptyset(&mask);
  for (int signal : {SIGCHLD, SIGTERM}) sigaddset(&mask, signal);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  signal(SIGHUP, SIG_IGN);
  return UniqueFd(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
}

// The old generation's keeper gives the lock free within a second of its
// server's reload; in a binary upgrade it may keep it for long.
bool wait_for_lock(const Env& env, Log& log, Store& store) {
  Millis began = env.boottime();
  bool told = false;
  for (;;) {
    auto locked = store.lock();
    if (locked) {
      if (told) log.notice("helper: the store is ours now: certificates are renewed again");
      return true;
    }
    Millis waited = env.boottime() - began;
    if (!told && (locked.error().code != Errc::busy || waited > kLockPatience)) {
      log.error("helper: " + locked.error().message +
                "; certificates are served, but none is ordered or renewed until that ends");
      told = true;
      tell_ready();
    }
    if (has_ended(kDeathFd)) return false;
    if (has_ended(kSupervisorFd)) become_supervisor();
    poll(nullptr, 0, static_cast<int>(waited < kLockPatience ? kLockRetry : kLockRetry * 25));
  }
}

// A store that cannot be opened is a fault of the environment: said once, tried again.
std::optional<Store> wait_for_store(const Env& env, Log& log, const Config& config) {
  bool told = false;
  for (Millis pause = 100;; pause = std::min<Millis>(pause * 2, 10'000)) {
    auto store = Store::open(env, config.state_path, Store::Mode::read_write, log);
    if (store) return std::move(*store);
    if (!told)
      log.error(
          "helper: " + store.error().message +
          "; certificates are served, but none can be ordered or renewed until that is mended");
    told = true;
    tell_ready();
    Millis until = env.boottime() + pause;
    while (env.boottime() < until) {
      if (has_ended(kDeathFd)) return std::nullopt;
      if (has_ended(kSupervisorFd)) become_supervisor();
      poll(nullptr, 0, 100);
    }
  }
}

}  // namespace

int keep(const Env& env, Log& log, Config config, bool after_reload) {
  auto store = wait_for_store(env, log, config);
  if (!store) return 0;
  if (!wait_for_lock(env, log, *store)) return 0;
  if (auto kind = store->volatile_filesystem())
    log.warning("the state path " + config.state_path + " is on " + *kind +
                ": what is kept there does not outlive the machine, and CAs limit how often a "
                "certificate is issued again");
  auto board = BoardWriter::attach(env, kBoardFd);
  if (!board)
    log.error("helper: " + board.error().message +
              "; certificates are served, but none is ordered or renewed until the next reload");
  Keeper keeper(env, log, config, *store, board ? &*board : nullptr);
  keeper.restore();
  if (after_reload) keeper.wait_for_older_workers();
  return keeper.run();
}

Keeper::Keeper(const Env& env, Log& log, Config& config, Store& store, BoardWriter* board)
    : env_(env),
      log_(log),
      config_(config),
      store_(store),
      board_(board),
      domain_files_(env, log, config),
      additions_(log, config, board),
      agent_log_(env, log),
      accounts_(env, log, config, store),
      certificates_(env, log, config, store, accounts_, board),
      errands_(env, log, config, store, accounts_, certificates_),
      checks_(env, certificates_, board),
      trials_(log, config, certificates_),
      notices_(env, log, config, store, certificates_),
      looks_(env, log, config, certificates_),
      deploy_(env, log, config, store, certificates_),
      dispatch_(agent_log_, accounts_, certificates_, errands_, checks_, notices_, looks_,
                [this](ipc::Type type, std::uint32_t id, const Secret& payload) {
                  send(type, id, payload);
                }),
      activation_(env, log, config, store, certificates_),
      agent_(env, log, agent_log_, config),
      control_(env, [this](ipc::ControlType type, const ipc::ControlRequest& request,
                           Control::Ticket ticket) { return control(type, request, ticket); }),
      operator_requests_(accounts_, certificates_, errands_, checks_, trials_, control_),
      store_complaint_(env, log),
      board_complaint_(env, log),
      file_complaint_(env, log) {
  wire();
}

void Keeper::wire() {
  errands_.on_new = [this](const ipc::Errand& errand) {
    if (agent_.channel()) send(ipc::Type::errand, 0, encode(errand));
    return agent_.channel() != nullptr;
  };
  checks_.on_new = [this](const ipc::Check& check) {
    if (agent_.channel()) send(ipc::Type::check, 0, encode(check));
    return agent_.channel() != nullptr;
  };
  trials_.on_new = [this](const ipc::Trial& trial) {
    if (agent_.channel()) send(ipc::Type::trial, 0, encode(trial));
    return agent_.channel() != nullptr;
  };
  errands_.renew = [this](const Lineage& lineage) {
    send(ipc::Type::renew_now, 0, encode(ipc::RenewNow{lineage, true}));
  };
  notices_.on_new = [this](const ipc::Notice& notice) {
    if (agent_.channel()) send(ipc::Type::notice, 0, encode(notice));
    return agent_.channel() != nullptr;
  };
  certificates_.on_served = [this](const Managed& managed) { looks_.served(managed); };
  certificates_.on_installed = [this](const Managed& managed, bool first) {
    notices_.installed(managed, first);
    deploy_.installed();
  };
  certificates_.on_revoked = [this](const Managed& managed) { notices_.revoked(managed); };
  accounts_.on_new_terms = [this](const std::string& issuer, const std::string& terms) {
    notices_.terms_changed(issuer, terms);
  };
  deploy_.on_failure = [this](const std::string& program, const std::vector<Lineage>& lineages,
                              const std::string& words) {
    notices_.deploy_failed(program, lineages, words);
  };
}

void Keeper::restore() {
  resume_additions();
  save_config();
  certificates_.restore_challenges();
  // What acmectl has kept for this start is served from the first handshake on.
  const bool importing = store_.has_import();
  if (!importing) tell_ready();
  certificates_.restore_certificates();
  take_what_was_kept(env_, log_, config_, store_, accounts_, certificates_);
  if (importing) tell_ready();
  activation_.restore();
  notices_.restore();
  deploy_.restore();
  open_runtime();
  looks_.on_new = [this](const ipc::Look& look) {
    if (agent_.channel()) send(ipc::Type::look, 0, encode(look));
    return agent_.channel() != nullptr;
  };
}

void Keeper::open_runtime() {
  auto dir = open_runtime_path(env_, config_.runtime_path);
  if (!dir) return log_.error("helper: " + dir.error().message + "; acmectl cannot reach it");
  runtime_ = std::move(*dir);
  if (auto done = control_.listen(runtime_.get()); !done)
    log_.error("helper: " + done.error().message + "; acmectl cannot reach it");
}

void Keeper::send(ipc::Type type, std::uint32_t id, const Secret& payload) {
  if (!agent_.channel()) return;
  if (auto sent = agent_.channel()->send(static_cast<std::uint16_t>(type), id, payload); !sent)
    agent_.hung_up(sent.error().message);
}

void Keeper::wait_for_older_workers() {
  agent_.start_after(kOlderWorkers);
}

int Keeper::run() {
  UniqueFd signals = open_signals();
  while (turn(signals.get())) {
  }
  const Millis deadline = env_.boottime() + kLastAnswers;
  await_new_orders(deadline);
  hear_last(deadline);
  agent_.stop();
  deploy_.await(kLastAnswers / 2);
  deploy_.stop();
  notices_.settle();
  if (runtime_) {
    auto ignored = write_status_file(env_, runtime_.get(),
                                     status_json(env_, config_, certificates_, accounts_, false));
    (void)static_cast<bool>(ignored);
  }
  return 0;
}

bool Keeper::turn(int signals) {
  if (agent_.due() && unheard_.empty()) start_agent();
  std::vector<pollfd> fds = watched(signals);
  poll(fds.data(), fds.size(), timeout());

  if (fds[0].revents != 0) return false;
  if (fds[1].revents != 0) take_over();
  // Before the reaper: what the agent said last still counts.
  read_agent();
  agent_.read_errors();
  if (fds[2].revents != 0 && !take_signals(signals)) return false;
  for (const Lineage& lineage : certificates_.keys().collect()) dispatch_.key_is_ready(lineage);
  if (certificates_.take_misinformed()) agent_.stop();  // the next one is told what there is
  activation_.turn();
  deploy_.turn();
  notices_.turn();
  looks_.turn();
  control_.serve();
  take_domain_files();
  settle_store();
  if (board_is_back()) return false;
  if (env_.boottime() - looked_after_ >= kMinuteMillis) look_after();
  if (status_stale_ && env_.boottime() - status_written_ >= status_interval_) write_status();
  return true;
}

// A newOrder whose answer is under way: without it the next generation would
// have to ask for the same order again.
void Keeper::await_new_orders(Millis deadline) {
  while (agent_.channel() && certificates_.awaits_new_order()) {
    Millis left = deadline - env_.boottime();
    if (left <= 0) return;
    bool waiting = is_waiting_for_agent();
    pollfd fd{agent_.channel()->fd(), static_cast<short>(waiting ? POLLOUT : POLLIN), 0};
    poll(&fd, 1, unheard_.empty() || waiting ? static_cast<int>(left) : 0);
    read_agent();
  }
}

// What the agent told while we were at something else, a slow disk perhaps: that a CA asked for
// patience must not be forgotten with this generation.
void Keeper::hear_last(Millis deadline) {
  while (agent_.channel() && !is_waiting_for_agent() && env_.boottime() < deadline) {
    pollfd fd{agent_.channel()->fd(), POLLIN, 0};
    if (unheard_.empty() && poll(&fd, 1, 0) <= 0) return;
    read_agent();
  }
}

std::vector<pollfd> Keeper::watched(int signals) const {
  std::vector<pollfd> fds = {{kDeathFd, POLLIN, 0},
                             {orphaned_ ? -1 : static_cast<int>(kSupervisorFd), POLLIN, 0},
                             {signals, POLLIN, 0},
                             {agent_.errors(), POLLIN, 0}};
  if (const Channel* channel = agent_.channel())
    fds.push_back(
        {channel->fd(), static_cast<short>(channel->wants_write() ? POLLOUT : POLLIN), 0});
  for (int fd : certificates_.keys().descriptors()) fds.push_back({fd, POLLIN, 0});
  activation_.add_to(fds);
  deploy_.add_to(fds);
  control_.add_to(fds);
  return fds;
}

int Keeper::timeout() const {
  if (!unheard_.empty() && !is_waiting_for_agent()) return 0;
  Millis now = env_.boottime();
  Millis until = now + kMinuteMillis;
  if (status_stale_) until = std::min(until, status_written_ + status_interval_);
  if (!board_) until = std::min(until, board_tried_ + kBoardRetry);
  if (auto since = store_.unsettled_since()) until = std::min(until, *since + kSettle);
  if (agent_.start_at() > now) until = std::min(until, agent_.start_at());
  until = std::min(until, activation_.next_deadline(until));
  until = std::min(until, deploy_.next_deadline(until));
  until = std::min(until, notices_.next_deadline(until));
  until = std::min(until, looks_.next_deadline(until));
  until = std::min(until, control_.next_deadline(until));
  until = domain_files_.next_look(until);
  return static_cast<int>(std::max<Millis>(0, until - now));
}

bool Keeper::take_signals(int signals) {
  signalfd_siginfo info;
  bool stay = true;
  while (read(signals, &info, sizeof info) > 0) stay &= info.ssi_signo != SIGTERM;
  reap();
  return stay;
}

void Keeper::take_over() {
  agent_.stop();
  activation_.stop();
  deploy_.stop();
  become_supervisor();
  log_.error(std::string("helper: the supervisor is gone and there is no new one: ") +
             std::strerror(errno));
  orphaned_ = true;
}

void Keeper::start_agent() {
  for (const IssuerConfig& issuer : config_.issuers) accounts_.settle(issuer.id);
  errands_.look_at_all();
  agent_.start();
  dispatch_.forget_waiting();
  checks_.forget_agent();
  trials_.forget_agent();
  looks_.forget_agent();
  certificates_.forget_unanswered();
  if (agent_.channel()) welcome();
}

// Neither what an agent asks for nor how long its answers are may hold up the
// loop or fill the memory: a slice of time each turn, and no more questions while
// it does not read the answers.
void Keeper::read_agent() {
  if (Channel* channel = agent_.channel()) {
    if (auto flushed = channel->flush(); !flushed) return agent_.hung_up(flushed.error().message);
    if (unheard_.empty() && !channel->wants_write()) {
      auto frames = channel->receive();
      if (!frames && frames.error().code == Errc::not_found)
        return agent_.hung_up(frames.error().message);
      if (!frames) return agent_.fail_with(frames.error().message);
      std::move(frames->begin(), frames->end(), std::back_inserter(unheard_));
    }
  }
  const Millis until = env_.boottime() + kAgentSlice;
  while (!unheard_.empty() && !is_waiting_for_agent() && env_.boottime() < until) {
    Frame frame = std::move(unheard_.front());
    unheard_.pop_front();
    hear(frame);
  }
}

bool Keeper::is_waiting_for_agent() const {
  return agent_.channel() && agent_.channel()->wants_write();
}

void Keeper::hear(const Frame& frame) {
  status_stale_ = true;
  // Nothing is begun any more when the next generation waits for the lock, or
  // when nobody is there who would read the answer.
  bool last = !agent_.channel() || has_ended(kDeathFd);
  auto handled = last ? dispatch_.handle_last(frame) : dispatch_.handle(frame);
  if (handled) return;
  unheard_.clear();
  if (!agent_.channel()) return;
  log_.error("helper: the agent broke the protocol: " + handled.error().message);
  agent_.fail_with("it asked for what it may not ask");
}

void Keeper::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    agent_.ended(pid, status);
    activation_.ended(pid, status);
    deploy_.ended(pid, status);
  }
}

// Memory that was short when we began: the supervisor starts a keeper that has it.
bool Keeper::board_is_back() {
  if (board_ || env_.boottime() - board_tried_ < kBoardRetry) return false;
  board_tried_ = env_.boottime();
  if (!BoardWriter::attach(env_, kBoardFd)) return false;
  log_.notice("helper: the memory shared with the server can be used now; the helper starts anew");
  return true;
}

// Orders that are being finalized do it on their way; this is for what comes after the last one.
void Keeper::settle_store() {
  auto since = store_.unsettled_since();
  if (!since || env_.boottime() - *since < kSettle) return;
  auto done = store_.settle();
  done ? store_complaint_.over()
       : store_complaint_.say(done.error().message +
                              "; what was stored last is served, but may not outlive a power cut");
}

void Keeper::look_after() {
  Millis now = env_.boottime();
  looked_after_ = now;
  if (board_) board_->sweep();
  notices_.look();
  deploy_.look_soon();
  if (now - neglect_checked_ < kNeglectInterval) return;
  neglect_checked_ = now;
  errands_.try_again();
  certificates_.warn_of_neglect();
}

void Keeper::write_status() {
  Millis began = env_.boottime();
  status_stale_ = false;
  Json status = status_json(env_, config_, certificates_, accounts_, true);
  if (board_) {
    auto done = board_->publish_status(status.compact());
    done ? board_complaint_.over() : board_complaint_.say(done.error().message);
  }
  if (runtime_) {
    auto done = write_status_file(env_, runtime_.get(), status);
    done ? file_complaint_.over() : file_complaint_.say(done.error().message);
  }
  status_written_ = env_.boottime();
  // Of ten thousand certificates it takes a while.
  status_interval_ = std::max(kStatusInterval, (status_written_ - began) * kStatusShare);
}

}  // namespace acme::keeper
