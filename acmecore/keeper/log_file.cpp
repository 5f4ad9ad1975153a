#include "keeper/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <ctime>

namespace acme::keeper {
namespace {

const char* level_name(Level level) {
  switch (level) {
    case Level::error:
      return "error";
    case Level::warning:
      return "warn";
    case Level::notice:
      return "notice";
    case Level::info:
      return "info";
    case Level::debug:
      return "debug";
  }
  return "error";
}

std::string stamp(WallTime now, const char* format) {
  time_t t = static_cast<time_t>(now);
  std::tm tm{};
  localtime_r(&t, &tm);
  char buffer[64];
  return std::string(buffer, std::strftime(buffer, sizeof buffer, format, &tm));
}

bool same_file(int fd, const std::string& path) {
  struct stat open_one {};
  struct stat named {};
  return fstat(fd, &open_one) == 0 && stat(path.c_str(), &named) == 0 &&
         open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

// The folder may belong to the workers' user, who then chooses what lies under
// this name (CVE-2016-1247): through no link, into no FIFO, and the file is made
// by the server, not here. Where that does not work, the old file goes on.
UniqueFd open_again(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::open(path.c_str(), kFlags));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) < 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) return {};
  return fd;
}

}  // namespace

LogFile::LogFile(const Env& env, ServerKind server, LogConfig config)
    : env_(env), server_(server), config_(std::move(config)) {
  if (config_.syslog) openlog("acme", LOG_PID, LOG_DAEMON);
}

void LogFile::write(Level level, std::string_view line) {
  if (level > config_.level) return;
  if (config_.syslog) {
    syslog(static_cast<int>(level), "%.*s", static_cast<int>(line.size()), line.data());
    return;
  }
  if (journal_ && write_to_journal(level, line)) return;
  std::string text = format(level, line);
  ssize_t ignored = ::write(descriptor(), text.data(), text.size());
  (void)ignored;  // there is no better place to complain
}

void LogFile::use_journal(Journal journal, const Config& config) {
  journal_ = std::move(journal);
  for (const CertificateConfig& each : config.certificates) certificates_.insert(each.id);
  for (const IssuerConfig& each : config.issuers) issuers_.insert(each.id);
}

bool LogFile::write_to_journal(Level level, std::string_view line) {
  const std::string priority = std::to_string(static_cast<int>(level));
  Journal::Fields fields = {
      {"MESSAGE", line},
      {"PRIORITY", priority},
      {"SYSLOG_IDENTIFIER", "acme"},
      {"ACME_SERVER", server_ == ServerKind::httpd ? "httpd" : "nginx"},
  };
  // "www.example.org: …", or with the kind of its key, "www.example.org/rsa-2048: …".
  const std::string_view subject = line.substr(0, line.find(": "));
  const std::size_t slash = subject.rfind('/');
  const std::string_view stem = subject.substr(0, slash);
  if (certificates_.count(stem) != 0) {
    fields.emplace_back("ACME_CERTIFICATE", stem);
    if (slash != subject.npos) fields.emplace_back("ACME_KEY", subject.substr(slash + 1));
  } else if (issuers_.count(subject) != 0) {
    fields.emplace_back("ACME_ISSUER", subject);
  }
  return journal_->send(fields);
}

int LogFile::descriptor() {
  int current = file_ ? file_.get() : STDERR_FILENO;
  if (config_.path.empty() || same_file(current, config_.path)) return current;
  UniqueFd fresh = open_again(config_.path);
  if (!fresh) return current;
  file_ = std::move(fresh);
  return file_.get();
}

std::string LogFile::format(Level level, std::string_view line) const {
  std::string pid = std::to_string(getpid());
  std::string head;
  if (server_ == ServerKind::httpd) {
    head = "[" + stamp(env_.now(), "%a %b %d %H:%M:%S %Y") + "] [acme:" + level_name(level) +
           "] [pid " + pid + "] ";
  } else {
    head = stamp(env_.now(), "%Y/%m/%d %H:%M:%S") + " [" + level_name(level) + "] " + pid +
           "#0: acme: ";
  }
  return head + std::string(line) + "\n";
}

}  // namespace acme::keeper
