#include "store/store.h"

#include <sys/file.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/text.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kVersionFile = "VERSION";
constexpr std::string_view kLockFile = "lock";
constexpr std::string_view kConfigFile = "config";
// A key, a chain at its largest (128 KiB) and their records, with room to spare.
constexpr std::size_t kProbeBytes = 256 << 10;
// Of a good probe: many orders are begun at once.
constexpr Millis kProbeLife = 1'000;

// What may lie in a store that has no VERSION yet: our own, and what a volume begins with.
constexpr std::array<std::string_view, 12> kOwnNames = {
    "VERSION",     "lock",  "config",    kIssuers, kCerts, kJournal,
    kPlaceholders, kReload, kDnsRecords, kImport,  "run",  "lost+found"};

enum class Age { unborn, current, newer };

Result<Age> age_of(const Directory& root) {
  auto text = root.read(kVersionFile);
  if (!text && text.error().code == Errc::not_found) return Age::unborn;
  if (!text) return std::move(text).error();
  const std::string_view digits = trim(*text);
  int version = 0;
  auto [end, error] = std::from_chars(digits.begin(), digits.end(), version);
  if (error != std::errc() || end != digits.end() || version < 1)
    return fail(Errc::damaged, root.path_of(kVersionFile) + " is no version number");
  return version > kVersion ? Age::newer : Age::current;
}

Outcome check_writable_age(const Directory& root) {
  ACME_TRY(const Age age, age_of(root));
  if (age == Age::newer)
    return fail(Errc::unsupported, "the store " + root.path() +
                                       " was written by a newer release: it is served from, but "
                                       "not written to");
  return {};
}

// A mistyped path must not make somebody's folder private, or a store of it.
Outcome take_possession(const Directory& root) {
  ACME_TRY(const Age age, age_of(root));
  if (age == Age::unborn) {
    ACME_TRY(const auto entries, root.list());
    for (const DirectoryEntry& entry : entries)
      if (!is_temporary_name(entry.name) && std::ranges::count(kOwnNames, entry.name) == 0)
        return fail(Errc::unsafe, root.path() + " holds \"" + printable(entry.name) +
                                      "\" and no VERSION: it is no store of ours");
  }
  struct stat st {};
  if (fstat(root.fd(), &st) < 0) return root.error("stat", "", errno);
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return root.make_private();
}

std::string holder_of(int fd) {
  char text[16];
  ssize_t n = pread(fd, text, sizeof text, 0);
  const std::string_view pid = trim({text, static_cast<std::size_t>(std::max<ssize_t>(n, 0))});
  const bool is_number =
      !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
  return is_number ? "process " + std::string(pid) : "another process";
}

// For the message of others only: a lock without it is a lock all the same.
void write_holder(const Env& env, int fd) {
  const std::string pid = std::to_string(getpid()) + "\n";
  const ssize_t n = env.write(fd, pid.data(), pid.size());
  if (ftruncate(fd, std::max<ssize_t>(n, 0)) < 0) return;
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() {
  if (state_) (void)static_cast<bool>(state_->settle());
}

Result<Store> Store::open(const Env& env, const std::string& path, Mode mode, Log& log) {
  const bool writing = mode == Mode::read_write;
  const auto missing = writing ? Directory::Missing::make : Directory::Missing::fail;
  auto disk = std::make_unique<LateSync>(env);
  ACME_TRY(Directory root, Directory::open_trusted(*disk, path, missing));
  if (writing) {
    ACME_CHECK(check_writable_age(root));
    ACME_CHECK(take_possession(root));
  } else if (auto age = age_of(root); !age) {
    log.error(age.error().message);  // what it holds may be whole all the same
  }
  return Store(std::make_unique<State>(std::move(disk), std::move(root), mode, log));
}

Outcome Store::lock() {
  State& s = *state_;
  if (s.is_locked()) return {};
  if (s.mode == Mode::read_only) return s.may_write();
  const int flags = O_RDWR | O_CREAT | O_NONBLOCK;
  UniqueFd file(s.env().open_at(s.root.fd(), std::string(kLockFile).c_str(), flags, 0600));
  if (!file) return s.root.error("open", kLockFile, -file.get());
  if (flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK) return s.root.error("lock", kLockFile, errno);
    return fail(Errc::busy,
                "the store " + s.root.path() + " is in use by " + holder_of(file.get()));
  }
  if (fchmod(file.get(), 0600) < 0) return s.root.error("chmod", kLockFile, errno);
  // Another release may have written while we waited.
  ACME_CHECK(check_writable_age(s.root));
  if (!s.root.has(kVersionFile))
    ACME_CHECK(replace_file(s.root, kVersionFile, std::to_string(kVersion) + "\n"));
  write_holder(s.env(), file.get());
  s.lock_file = std::move(file);
  s.sweep();
  return {};
}

Outcome Store::probe() const {
  ACME_CHECK(state_->may_write());
  const Millis now = state_->env().boottime();
  if (state_->probed && now - *state_->probed < kProbeLife) return {};
  const std::string name = temporary_name("probe");
  ACME_CHECK(write_file(state_->root, name, std::string(kProbeBytes, '\n')));
  ACME_CHECK(remove_tree(state_->root, name));
  state_->probed = now;
  return {};
}

Outcome Store::settle() {
  return state_->settle();
}

std::optional<Millis> Store::unsettled_since() const {
  return state_->disk->since();
}

Result<Directory> Store::placeholders() {
  if (state_->mode == Mode::read_only)
    return fail(Errc::refused, "the store was opened for reading only");
  // Their user keeps it longer than the store, and needs nothing of it on disk.
  ACME_TRY(Directory folder, state_->root.make(kPlaceholders));
  return std::move(folder).through(state_->disk->real());
}

std::optional<std::string> Store::volatile_filesystem() const {
  constexpr unsigned kOverlay = 0x794c7630;
  constexpr unsigned kTmpfs = 0x01021994;
  constexpr unsigned kRamfs = 0x858458f6;
  struct statfs fs {};
  if (fstatfs(state_->root.fd(), &fs) < 0) return std::nullopt;
  switch (static_cast<unsigned>(fs.f_type)) {
    case kOverlay:
      return "overlayfs";
    case kTmpfs:
      return "tmpfs";
    case kRamfs:
      return "ramfs";
    default:
      return std::nullopt;
  }
}

Outcome Store::save_config(std::string_view bytes) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kConfigFile, bytes);
}

Result<std::string> Store::load_config() const {
  return state_->root.read(kConfigFile);
}

}  // namespace acme
