#include "crypto/certificate_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/secret.h"
#include "crypto/pem_object.h"

namespace acme {
namespace {

constexpr std::size_t kLargest = 1024 * 1024;

Error system_error() {
  return fail(Errc::io, std::strerror(errno));
}

// A Secret: a private key may stand beside the certificate.
Result<Secret> contents(const std::string& file) {
  // Not to wait for the other end of a pipe.
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return fail(Errc::io, "it is no regular file");
  if (static_cast<std::size_t>(status.st_size) > kLargest)
    return fail(Errc::io, "it is larger than 1 MiB");
  Secret bytes(static_cast<std::size_t>(status.st_size));
  std::size_t used = 0;
  while (used < bytes.size()) {
    ssize_t n = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error();
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  bytes.truncate(used);
  return bytes;
}

Result<CertificateInfo> first_certificate(const Secret& pem) {
  ossl::QueueGuard guard;
  ossl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min(pem.size(), kLargest))));
  for (;;) {
    ossl::PemObject object;
    if (!in || !object.read(in.get())) return fail(Errc::crypto, "there is no certificate in it");
    if (object.is_certificate()) return inspect_certificate(object.der());
  }
}

}  // namespace

Result<CertificateInfo> inspect_certificate_file(const std::string& file) {
  ACME_TRY(Secret pem, contents(file));
  return first_certificate(pem);
}

}  // namespace acme
