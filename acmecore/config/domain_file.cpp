#include "config/domain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/text.h"
#include "config/site_directives.h"

namespace acme {
namespace {

constexpr std::size_t kMaxFaults = 10;
constexpr std::string_view kSpace = " \t\r\v\f";

std::string_view cut(std::string_view& text, std::size_t length) {
  std::string_view head = text.substr(0, length);
  text.remove_prefix(head.size());
  return head;
}

std::string_view take_line(std::string_view& text) {
  std::string_view line = cut(text, text.find('\n'));
  cut(text, 1);
  return line;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    cut(line, line.find_first_not_of(kSpace));
    if (line.empty() || line.front() == '#') return words;
    words.emplace_back(cut(line, line.find_first_of(kSpace)));
  }
}

Error unreadable(const std::string& path, const std::string& why) {
  return fail(Errc::invalid_config,
              "the domain file \"" + printable(path) + "\" cannot be read: " + why);
}

}  // namespace

DomainFile parse_domain_file(std::string_view text, const std::string& path) {
  DomainFile out;
  std::size_t unsaid = 0;
  for (Place place{path, 1}; !text.empty(); ++place.line) {
    std::vector<std::string> words = words_of(take_line(text));
    if (words.empty()) continue;
    if (auto certificate = parse_domain(words, place)) {
      certificate->key = "domain_file";
      out.certificates.push_back(*std::move(certificate));
    } else if (out.faults.size() < kMaxFaults) {
      out.faults.push_back(
          fail(Errc::invalid_config, certificate.error().message + ", in " + to_string(place)));
    } else {
      ++unsaid;
    }
  }
  if (unsaid != 0)
    out.faults.push_back(
        fail(Errc::invalid_config, std::to_string(unsaid) + " more lines are wrong, in " + path));
  return out;
}

Result<std::string> read_domain_file(const std::string& path) {
  // Not to wait for the other end of a pipe.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(path, "it is no regular file");
  std::string text;
  char block[std::size_t{64} << 10];
  for (;;) {
    ssize_t n = ::read(fd.get(), block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path, std::strerror(errno));
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kMaxDomainFile) return unreadable(path, "it is larger than 64 MiB");
  }
}

}  // namespace acme
