#include "serve/placeholder_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "crypto/cert.h"
#include "store/atomic_file.h"
#include "store/store.h"

namespace acme::serve {
namespace {

constexpr const char* kKeyFile = "key.pem";
constexpr const char* kNoName = "placeholder.invalid";

std::string file_of(const CertificateConfig& certificate) {
  return certificate.id + ".crt";  // no id's file is the key's
}

// Not made durable: the next start writes another one.
Outcome write_all(const Env& env, int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t n = env.write(fd, bytes.data(), bytes.size());
    if (n == -EINTR) continue;
    if (n <= 0)
      return fail(Errc::io, "cannot write " + path + ": " +
                                std::strerror(n < 0 ? static_cast<int>(-n) : EIO));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// Over what is there: a file system is slow to give the place of a removed file
// to a new one.
Outcome overwrite(const Directory& folder, const std::string& name, std::string_view bytes) {
  int fd = folder.env().open_at(folder.fd(), name.c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd < 0) return folder.error("create", name, -fd);
  UniqueFd file(fd);
  return write_all(folder.env(), fd, bytes, folder.path_of(name));
}

}  // namespace

Outcome PlaceholderFiles::begin() {
  if (maker_) return {};
  ACME_TRY(PrivateKey key, PrivateKey::generate(KeyType::ecdsa256));
  ACME_TRY(maker_, PlaceholderMaker::with(std::move(key), env_.now()));
  return {};
}

Result<std::string> PlaceholderFiles::pem_for(const std::vector<std::string>& names,
                                              Issuer issuer) {
  ACME_TRY(std::string der, maker_->make(names));
  std::vector<std::string> chain(issuer == Issuer::included ? 2 : 1, std::move(der));
  return chain_to_pem(chain);
}

// With the key, and without what is not configured any more.
Result<Directory> PlaceholderFiles::fresh_folder(const Config& config) {
  ACME_TRY(Store store, Store::open(env_, config.state_path, Store::Mode::read_write, log_));
  ACME_TRY(Directory folder, store.placeholders());
  std::set<std::string> wanted = {kKeyFile};
  for (const CertificateConfig& certificate : config.certificates)
    wanted.insert(file_of(certificate));
  ACME_TRY(std::vector<DirectoryEntry> entries, folder.list());
  for (const DirectoryEntry& entry : entries)
    if (!wanted.contains(entry.name)) ACME_CHECK(remove_tree(folder, entry.name));
  ACME_TRY(Secret key, maker_->key().pem());
  ACME_CHECK(overwrite(folder, kKeyFile, key.view()));
  return folder;
}

// The first failure is told, and decides for all that follow.
Outcome PlaceholderFiles::open_folder(const Config& config) {
  if (looked_for_folder_) return {};
  looked_for_folder_ = true;
  auto folder = fresh_folder(config);
  if (folder) {
    folder_.emplace(std::move(*folder));
  } else {
    log_.error("placeholder certificates cannot be stored (" + folder.error().message +
               "): one without a name, in memory, stands for all");
  }
  return {};
}

Result<const PlaceholderFiles::Paths*> PlaceholderFiles::of_certificate(
    const Config& config, const CertificateConfig& certificate, Issuer issuer) {
  if (auto it = made_.find(certificate.id); it != made_.end()) return &it->second;
  ACME_CHECK(begin());
  ACME_CHECK(open_folder(config));
  if (!folder_) return anonymous();
  ACME_TRY(std::string pem, pem_for(certificate.names, issuer));
  const std::string file = file_of(certificate);
  if (auto written = overwrite(*folder_, file, pem); !written) {
    log_.error("a placeholder certificate cannot be stored: " + written.error().message);
    return anonymous();
  }
  Paths paths{folder_->path_of(file), folder_->path_of(kKeyFile)};
  return &made_.emplace(certificate.id, std::move(paths)).first->second;
}

Result<const PlaceholderFiles::Paths*> PlaceholderFiles::anonymous() {
  if (memory_) return &anonymous_;
  ACME_CHECK(begin());
  ACME_TRY(std::string pem, pem_for({kNoName}, Issuer::included));
  ACME_TRY(Secret key, maker_->key().pem());
  UniqueFd memory(env_.memory_file("acme-placeholder"));
  if (!memory)
    return fail(Errc::no_memory, std::string("memfd_create for a placeholder certificate: ") +
                                     std::strerror(-memory.get()));
  if (fchmod(memory.get(), 0600) < 0) return fail(Errc::io, "fchmod of a placeholder certificate");
  ACME_CHECK(write_all(env_, memory.get(), pem, "a placeholder certificate"));
  ACME_CHECK(write_all(env_, memory.get(), key.view(), "a placeholder certificate"));
  memory_ = std::move(memory);
  anonymous_.certificate = anonymous_.key = "/proc/self/fd/" + std::to_string(memory_.get());
  return &anonymous_;
}

}  // namespace acme::serve
