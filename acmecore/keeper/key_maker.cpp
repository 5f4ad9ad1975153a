#include "keeper/key_maker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace acme::keeper {
namespace {

constexpr std::size_t kLargestPem = 16 * 1024;
constexpr std::ptrdiff_t kMostChildren = 2;

bool is_quick(KeyType type) {
  return type == KeyType::ecdsa256 || type == KeyType::ecdsa384 || type == KeyType::ecdsa521;
}

Result<MadeKey> make(KeyType type) {
  MadeKey made;
  ACME_TRY(made.key, PrivateKey::generate(type));
  ACME_TRY(made.pem, made.key.pem());
  return made;
}

// All but the pipe: neither the store's lock nor the agent's socket may live on
// in here when the keeper is gone.
void close_others(int pipe) {
  if (pipe > 3) syscall(SYS_close_range, 3, pipe - 1, 0);
  syscall(SYS_close_range, std::max(pipe, 2) + 1, ~0U, 0);
}

[[noreturn]] void make_in_child(KeyType type, int pipe, pid_t keeper) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != keeper) _exit(1);
  close_others(pipe);
  fcntl(pipe, F_SETFL, 0);
  setpriority(PRIO_PROCESS, 0, 10);
  auto made = make(type);
  if (!made) _exit(1);
  std::span<const std::uint8_t> rest = made->pem.span();
  while (!rest.empty()) {
    ssize_t n = ::write(pipe, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    rest = rest.subspan(static_cast<std::size_t>(n));
  }
  _exit(0);
}

bool is_whole(std::string_view pem) {
  return pem.find("-----END PRIVATE KEY-----") != std::string_view::npos;
}

}  // namespace

void KeyMaker::begin(const Lineage& lineage) {
  auto [it, is_new] = jobs_.try_emplace(lineage);
  it->second.wanted = true;
  if (!is_new) return;
  if (is_quick(lineage.key)) {
    it->second.state = State::done;
    it->second.told = true;
  }
  start_queued();
}

void KeyMaker::start_queued() {
  auto running = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& item) {
    return item.second.state == State::running;
  });
  for (auto& [lineage, job] : jobs_) {
    if (running >= kMostChildren) return;
    if (job.state != State::queued) continue;
    start(lineage.key, job);
    if (job.state == State::running) ++running;
  }
}

void KeyMaker::start(KeyType type, Job& job) const {
  job.state = State::done;  // unless a child comes into being
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return;
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  pid_t keeper = getpid();
  pid_t pid = env_.fork();
  if (pid < 0) return;
  if (pid == 0) make_in_child(type, write_end.get(), keeper);
  job.state = State::running;
  job.pipe = std::move(read_end);
  job.pem = Secret(kLargestPem);
}

std::optional<Result<MadeKey>> KeyMaker::take(const Lineage& lineage) {
  auto it = jobs_.find(lineage);
  if (it == jobs_.end()) {
    if (is_quick(lineage.key)) return make(lineage.key);
    begin(lineage);
    return std::nullopt;
  }
  it->second.wanted = true;
  if (it->second.state != State::done) return std::nullopt;
  Job job = std::move(it->second);
  jobs_.erase(it);
  if (job.used == 0) return make(lineage.key);
  job.pem.truncate(job.used);
  return MadeKey{{}, std::move(job.pem)};
}

void KeyMaker::forget(const Lineage& lineage) {
  auto it = jobs_.find(lineage);
  if (it == jobs_.end()) return;
  it->second.wanted = false;
  if (it->second.state != State::running) jobs_.erase(it);
}

std::vector<int> KeyMaker::descriptors() const {
  std::vector<int> out;
  for (const auto& [lineage, job] : jobs_)
    if (job.state == State::running) out.push_back(job.pipe.get());
  return out;
}

void KeyMaker::read(Job& job) {
  while (job.state == State::running) {
    ssize_t n = ::read(job.pipe.get(), job.pem.data() + job.used, job.pem.size() - job.used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0) {
      job.used += static_cast<std::size_t>(n);
      continue;
    }
    // The end. Half a key is no key.
    if (n < 0 || !is_whole(job.pem.view().substr(0, job.used))) job.used = 0;
    job.pipe.reset();
    job.state = State::done;
  }
}

std::vector<Lineage> KeyMaker::collect() {
  for (auto& [lineage, job] : jobs_) read(job);
  std::erase_if(jobs_, [](const auto& item) {
    return item.second.state == State::done && !item.second.wanted;
  });
  start_queued();
  std::vector<Lineage> ready;
  for (auto& [lineage, job] : jobs_) {
    if (job.state != State::done || job.told) continue;
    job.told = true;
    ready.push_back(lineage);
  }
  return ready;
}

}  // namespace acme::keeper
