#include "keeper/key_maker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "crypto/key.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLargestPem = 16 * 1024;

bool is_quick(KeyType type) {
  return type == KeyType::ecdsa256 || type == KeyType::ecdsa384 || type == KeyType::ecdsa521;
}

Result<Secret> make(KeyType type) {
  ACME_TRY(PrivateKey key, PrivateKey::generate(type));
  return key.pem();
}

[[noreturn]] void make_in_child(KeyType type, int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpriority(PRIO_PROCESS, 0, 10);
  auto pem = make(type);
  if (!pem) _exit(1);
  std::span<const std::uint8_t> rest = pem->span();
  while (!rest.empty()) {
    ssize_t n = ::write(pipe, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    rest = rest.subspan(static_cast<std::size_t>(n));
  }
  _exit(0);
}

}  // namespace

void KeyMaker::begin(const Lineage& lineage) {
  if (jobs_.contains(lineage)) return;
  Job job;
  job.done = true;  // "nothing comes from a child": take() makes it
  int ends[2];
  if (!is_quick(lineage.key) && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    UniqueFd write_end(ends[1]);
    job.pipe.reset(ends[0]);
    pid_t pid = fork();
    if (pid == 0) {
      fcntl(write_end.get(), F_SETFL, 0);
      make_in_child(lineage.key, write_end.get());
    }
    if (pid > 0) {
      job.done = false;
      job.pem = Secret(kLargestPem);
    }
  }
  jobs_.emplace(lineage, std::move(job));
}

std::optional<Result<Secret>> KeyMaker::take(const Lineage& lineage) {
  auto it = jobs_.find(lineage);
  if (it == jobs_.end()) {
    if (is_quick(lineage.key)) return make(lineage.key);
    begin(lineage);
    return std::nullopt;
  }
  if (!it->second.done) return std::nullopt;
  Job job = std::move(it->second);
  jobs_.erase(it);
  if (job.used == 0) return make(lineage.key);
  job.pem.truncate(job.used);
  return std::move(job.pem);
}

void KeyMaker::forget(const Lineage& lineage) {
  jobs_.erase(lineage);
}

std::vector<int> KeyMaker::descriptors() const {
  std::vector<int> out;
  for (const auto& [lineage, job] : jobs_)
    if (!job.done) out.push_back(job.pipe.get());
  return out;
}

std::vector<Lineage> KeyMaker::collect() {
  std::vector<Lineage> ready;
  for (auto& [lineage, job] : jobs_) {
    while (!job.done) {
      ssize_t n = ::read(job.pipe.get(), job.pem.data() + job.used, job.pem.size() - job.used);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) break;
      if (n > 0) {
        job.used += static_cast<std::size_t>(n);
        continue;
      }
      // The end. Half a key is no key.
      constexpr std::string_view kEnd = "-----END PRIVATE KEY-----";
      if (n < 0 || job.pem.view().substr(0, job.used).find(kEnd) == std::string_view::npos)
        job.used = 0;
      job.done = true;
      ready.push_back(lineage);
    }
  }
  return ready;
}

}  // namespace acme::keeper
